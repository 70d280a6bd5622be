import type { Database, Hyperedge, PropertyValue, TableReader, TimeUnit } from '@hypermesh/engine'
import { MarkedNumbers } from '@hypermesh/kit'
import type { FedHyperedge } from './feed-rows.ts'

/** The living hyperedges that have these keys. */
export async function findByKeys(
  table: TableReader,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Hyperedge>> {
  if (keys.length === 0) return new Map()
  const found = new Map<string, Hyperedge>()
  for (let start = 0; start < keys.length; start += keysAtOnce) {
    const some = keys.slice(start, start + keysAtOnce)
    const batch = await table.find({ keys: some, signal })
    for (const row of batch.rows()) if (row.key !== null) found.set(row.key, row)
  }
  return found
}

/** All that have a key, to be marked as rows are met. */
export async function markedKeys(
  engine: Database,
  table: string,
  signal: AbortSignal,
): Promise<MarkedNumbers> {
  const ids: Float64Array[] = []
  const where = { column: 'key', isNull: false } as const
  const pages = engine.table(table).pages({ columns: ['id'], where, signal })
  for await (const page of pages) ids.push(page.ids.slice())
  const all = new Float64Array(ids.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of ids) {
    all.set(part, at)
    at += part.length
  }
  return new MarkedNumbers(all.sort())
}

/** True where the hyperedge is just what the row says, as far as the feed says anything. */
export function isSame(stored: Hyperedge, row: FedHyperedge, unit: TimeUnit): boolean {
  const inUnit = (micros: bigint) => Number(micros) / microsPer[unit]
  if (stored.at !== inUnit(row.at)) return false
  if (stored.until !== (row.until === null ? null : inUnit(row.until))) return false
  if (stored.weight !== row.weight || stored.label !== row.label) return false
  if (stored.members.length !== row.members.length) return false
  const isMember = row.members.every(({ node, role }, at) => {
    return stored.members[at] === plain(node) && (stored.roles?.[at] ?? null) === role
  })
  if (!isMember) return false
  return Object.entries(row.props).every(([name, value]) => {
    const had = stored.props?.[name] ?? null
    if (typeof value !== 'bigint') return had === value
    // Instants come in the unit of the database, integers as they are.
    return had === plain(value) || had === inUnit(value)
  })
}

const keysAtOnce = 1000
const microsPer: Readonly<Record<TimeUnit, number>> = { s: 1_000_000, ms: 1000, us: 1 }

/** As results have it: a number where that is exact. */
function plain(value: string | number | bigint): PropertyValue {
  if (typeof value !== 'bigint') return value
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}
