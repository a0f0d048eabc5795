import {
  getStateAndTarget,
  HttpVerbs,
  rollUpState,
  type IAwilixControllerBuilder,
  type MethodName,
} from 'awilix-router-core'
import { Router, type RequestHandler } from 'express'
import { notAController } from './errors.js'
import { makeInvoker } from './invoker.js'

/** A controller: what `createController` gives, or a class with the decorators of awilix-router-core. */
export type ControllerTarget = IAwilixControllerBuilder<any> | (new (...args: any[]) => object)

type Register = (path: string, ...handlers: RequestHandler[]) => unknown

/**
 * A router with the routes of one or more controllers.
 * @throws RegistrationError for something that has no routes
 * @example app.use(controller(createController(ordersApi).prefix('/orders').get('/:id', 'show')))
 */
export function controller(targets: ControllerTarget | readonly ControllerTarget[]): Router {
  const router = Router()
  for (const target of [targets].flat()) addRoutes(router, target)
  return router
}

function addRoutes(router: Router, target: ControllerTarget): void {
  const found = getStateAndTarget(target)
  if (!found) throw notAController()
  const invoke = makeInvoker(found.target as never)
  for (const [method, { paths, verbs, beforeMiddleware, afterMiddleware }] of rollUpState(
    found.state,
  )) {
    const handler = invoke(method as NonNullable<MethodName>)
    for (const verb of verbs) {
      const name = verb === HttpVerbs['ALL'] ? 'all' : verb.toLowerCase()
      const register = (router as unknown as Record<string, Register>)[name]!.bind(router)
      for (const path of paths) {
        register(
          path,
          ...(beforeMiddleware as RequestHandler[]),
          handler,
          ...(afterMiddleware as RequestHandler[]),
        )
      }
    }
  }
}
