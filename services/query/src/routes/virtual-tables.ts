import { HyperMeshError, linkTableRequest, parseTableName } from '@hypermesh/contract'
import { type App, mountRoute, readJson } from '@hypermesh/kit'
import type { VirtualTables } from '../virtual-tables.ts'
import { peersOf, type RouteParts } from './statements.ts'

export function mountVirtualTables(app: App, tables: VirtualTables, parts: RouteParts): void {
  mountRoute(app, 'listVirtualTables', async (c) =>
    c.json({ tables: await tables.list(c.var.principal) }),
  )
  mountRoute(app, 'linkVirtualTable', async (c) => {
    const { signal } = c.var
    const body = await readJson(c, linkTableRequest)
    const { catalog } = peersOf(c, parts)
    const name = parseTableName(body.table)
    if (await catalog.tableExists(name, { signal })) {
      throw new HyperMeshError('exists', `there is a table ${body.table} in the catalog`)
    }
    return c.json(await tables.link(body, signal), 201)
  })
  mountRoute(app, 'unlinkVirtualTable', async (c) => {
    await tables.unlink(parseTableName(c.req.param('table') ?? ''))
    return c.body(null, 204)
  })
}
