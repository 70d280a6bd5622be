import { type RouteContract, routes } from '@hypermesh/contract'
import { type App, mountRoute } from '@hypermesh/kit'
import type { CatalogParts } from '../catalog-parts.ts'

/** What this catalog serves, in the form that clients of the protocol look for. */
const endpoints = Object.values<RouteContract>(routes)
  .filter((route) => route.service === 'catalog' && route.path.startsWith('/iceberg/v1/'))
  .filter((route) => !route.path.endsWith('/config'))
  .map((route) => `${route.method} ${toTemplate(route.path)}`)

export function mountConfig(app: App, parts: CatalogParts): void {
  mountRoute(app, 'icebergConfig', (c) =>
    c.json({
      defaults: { warehouse: parts.warehouse.uri },
      overrides: {},
      endpoints,
      'idempotency-key-lifetime': `PT${parts.limits.idempotencyHours}H`,
    }),
  )
}

/** The specification writes every path with `{prefix}`, also where none is in use. */
function toTemplate(path: string): string {
  return path.replace('/iceberg/v1/', '/v1/{prefix}/').replace(/:(\w+)/g, '{$1}')
}
