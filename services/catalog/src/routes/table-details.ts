import {
  formatTableName,
  type Long,
  parseTableName,
  tableDetailQuery,
  tableDiffQuery,
} from '@hypermesh/contract'
import { describeTable, diffSnapshots } from '@hypermesh/iceberg'
import { type App, mountRoute, readQuery } from '@hypermesh/kit'
import type { CatalogParts } from '../catalog-parts.ts'

export function mountTableDetails(app: App, { tables, manifests }: CatalogParts): void {
  mountRoute(app, 'describeTable', async (c) => {
    const entry = await tables.entry(parseTableName(c.req.param('table') ?? ''))
    const { snapshot } = readQuery(c, tableDetailQuery)
    const { metadata } = await tables.load(entry)
    const context = { ...manifests, signal: c.var.signal }
    const detail = await describeTable(context, metadata, toSnapshotId(snapshot))
    return c.json({ table: formatTableName(entry), ...detail })
  })
  mountRoute(app, 'diffTable', async (c) => {
    const entry = await tables.entry(parseTableName(c.req.param('table') ?? ''))
    const { from, to } = readQuery(c, tableDiffQuery)
    const { metadata } = await tables.load(entry)
    const context = { ...manifests, signal: c.var.signal }
    const ids = { from: toSnapshotId(from), to: toSnapshotId(to) }
    return c.json({
      table: formatTableName(entry),
      ...(await diffSnapshots(context, metadata, ids)),
    })
  })
}

function toSnapshotId(text: string | undefined): Long | undefined {
  if (text === undefined) return undefined
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : BigInt(text)
}
