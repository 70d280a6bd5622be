import { type RouteContract, type RouteId, routes } from '@hypermesh/contract'
import type { Handler } from 'hono'
import type { App, AppEnv } from './create-app.ts'
import { requireRole } from './require-role.ts'

/**
 * Mounts a route of the contract: its method, its path, and its role checked again behind the
 * gateway. Hono turns HEAD into GET before it routes, so a HEAD route of its own is told apart here.
 */
export function mountRoute(app: App, id: RouteId, handler: Handler<AppEnv>): void {
  const route: RouteContract = routes[id]
  const hasHead = Object.values<RouteContract>(routes).some(
    (other) => other.method === 'HEAD' && other.path === route.path,
  )
  app.on(route.method === 'HEAD' ? 'GET' : route.method, route.path, async (c, next) => {
    const isHead = c.req.method === 'HEAD'
    if (route.method === 'HEAD' ? !isHead : isHead && hasHead) return next()
    if (route.access !== 'open' && route.access !== 'metrics') {
      requireRole(c.get('principal'), route.access)
    }
    return handler(c, next)
  })
}
