import { type RouteContract, type RouteId, routes } from '@hypermesh/contract'
import type { App } from './create-app.ts'
import { requireRole } from './require-role.ts'
import type { Handler } from './visit.ts'

/**
 * Mounts a route of the contract: its method, its path, and its role checked again behind the gateway.
 */
export function mountRoute(app: App, id: RouteId, handler: Handler): void {
  const { method, path, access }: RouteContract = routes[id]
  if (access === 'open' || access === 'metrics') {
    app.on(method, path, handler)
    return
  }
  app.on(method, path, (c) => {
    requireRole(c.var.principal, access)
    return handler(c)
  })
}
