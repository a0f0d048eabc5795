import { isClass } from 'awilix'
import type { RequestHandler } from 'express'
import { asClass, asFunction } from '../../lib/container/resolvers.js'
import { methodMissing } from './errors.js'
import { RequestScope } from './request-scope.js'

type Target = (new (...args: any[]) => object) | ((...args: any[]) => object)

/**
 * Makes handlers of the methods of a class, or of the object that a function returns. It is built in the scope of each request, which disposes it;
 * the promise of a method is work of the request.
 * @example router.get('/orders/:id', makeInvoker(OrdersController)('show'))
 */
export function makeInvoker(target: Target): (method: string | symbol | number) => RequestHandler {
  const resolver = isClass(target)
    ? asClass(target as new (...args: any[]) => Record<PropertyKey, unknown>)
    : asFunction(target as (...args: any[]) => Record<PropertyKey, unknown>)
  return method =>
    function mayflyHandler(req, res, next) {
      const scope = RequestScope.of(req)
      const instance = scope.container.build(resolver)
      const handler = instance[method]
      if (typeof handler !== 'function') throw methodMissing(target.name, String(method))
      return scope.run(passOn => handler.call(instance, req, res, passOn), next)
    }
}
