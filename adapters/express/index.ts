/**
 * Mayfly for Express 5: a scope for each request, and controllers that are built in it.
 * @module
 */
export { createController, type IAwilixControllerBuilder } from 'awilix-router-core'
export { controller, type ControllerTarget } from './controller.js'
export { makeInvoker } from './invoker.js'
export type { RequestScopeOptions } from './options.js'
export { scopePerRequest } from './scope-per-request.js'
