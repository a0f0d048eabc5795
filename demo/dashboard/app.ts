import { fileURLToPath } from 'node:url'
import express, { type Express } from 'express'
import { controller, scopePerRequest } from 'mayfly/express'
import type { ShopContainer } from './container.js'
import { dashboards } from './dashboard-controller.js'

/** The page, and the data that it draws. */
export function createApp(container: ShopContainer): Express {
  const app = express()
  app.use(express.static(fileURLToPath(new URL('page', import.meta.url))))
  app.use(scopePerRequest(container))
  app.use(controller(dashboards))
  return app
}
