import express, { type ErrorRequestHandler, type Express } from 'express'
import { MayflyError } from 'mayfly'
import { controller, scopePerRequest } from 'mayfly/express'
import type { ShopContainer } from './container.js'
import { dashboards } from './dashboard-controller.js'
import { modes } from './modes.js'

export function createApp(container: ShopContainer): Express {
  const app = express()
  app.get('/', (_req, res) => {
    const links = modes.map(mode => `<li><a href="/dashboard/1?mode=${mode}">${mode}</a>`)
    res.send(
      `<!doctype html><title>Mayfly</title><h1>The dashboard of user 1</h1><ul>${links.join('')}</ul>`,
    )
  })
  app.use(scopePerRequest(container))
  app.use(controller(dashboards))
  app.use(answerError)
  return app
}

const answerError: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (res.headersSent || !(error instanceof MayflyError)) return next(error)
  res.status(500).json({ error: { code: error.code, message: error.message } })
}
