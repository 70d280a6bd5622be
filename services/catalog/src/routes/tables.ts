import {
  commitTableRequest,
  createTableRequest,
  pageQuery,
  parseJson,
  routes,
  stringifyJson,
} from '@hypermesh/contract'
import { type App, mountRoute, readJson, readQuery } from '@hypermesh/kit'
import type { CatalogParts } from '../catalog-parts.ts'

export function mountTables(app: App, { tables }: CatalogParts): void {
  mountRoute(app, 'icebergTables', async (c) => {
    const { items, next } = await tables.list(param(c, 'namespace'), readQuery(c, pageQuery))
    const identifiers = items.map((entry) => ({ namespace: [entry.namespace], name: entry.table }))
    return c.json({ identifiers, 'next-page-token': next })
  })
  mountRoute(app, 'createTable', async (c) => {
    const body = await readJson(c, createTableRequest, { parse: parseJson })
    return json(await tables.create(c.var.principal, param(c, 'namespace'), body))
  })
  mountRoute(app, 'loadTable', async (c) => json(await tables.load(named(c))))
  mountRoute(app, 'tableExists', async (c) => {
    await tables.entry(named(c))
    return c.body(null, 204)
  })
  mountRoute(app, 'commitTable', async (c) => {
    const body = await readJson(c, commitTableRequest, { parse: parseJson })
    return json(await tables.commit(c.var.principal, named(c), body))
  })
  mountRoute(app, 'dropTable', async (c) => {
    const { purgeRequested } = readQuery(c, routes.dropTable.query)
    await tables.drop(c.var.principal, named(c), { purge: purgeRequested === 'true' })
    return c.body(null, 204)
  })
}

interface WithParams {
  readonly req: { param(name: string): string | undefined }
}

function param(c: WithParams, name: string): string {
  return c.req.param(name) ?? ''
}

function named(c: WithParams) {
  return { namespace: param(c, 'namespace'), table: param(c, 'table') }
}

/** Metadata may hold 64-bit integers, which `c.json` would refuse. */
function json(value: unknown): Response {
  return new Response(stringifyJson(value), { headers: { 'content-type': 'application/json' } })
}
