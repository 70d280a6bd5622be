import { formatTableName, parseTableName, relocateRequest, toWireLong } from '@hypermesh/contract'
import { historyOf } from '@hypermesh/iceberg'
import { type App, mountRoute, readJson } from '@hypermesh/kit'
import type { CatalogParts } from '../catalog-parts.ts'

export function mountOverview(app: App, { tables, relocation }: CatalogParts): void {
  mountRoute(app, 'relocateWarehouse', async (c) => {
    const { principal, signal } = c.var
    const body = await readJson(c, relocateRequest)
    return c.json(await relocation.relocate({ principal }, body, signal))
  })
  mountRoute(app, 'listTables', async (c) => {
    const summaries = (await tables.all()).map((entry) => ({
      table: `${entry.namespace}.${entry.table}`,
      uuid: entry.uuid,
      snapshotId: entry.snapshotId === null ? null : toWireLong(entry.snapshotId),
      rows: entry.rows,
      files: entry.files,
      bytes: entry.bytes,
      updatedAt: new Date(entry.updatedAtMs).toISOString(),
    }))
    return c.json({ tables: summaries })
  })
  mountRoute(app, 'tableHistory', async (c) => {
    const entry = await tables.entry(parseTableName(c.req.param('table') ?? ''))
    const { metadata } = await tables.load(entry)
    return c.json({ table: formatTableName(entry), snapshots: historyOf(metadata) })
  })
}
