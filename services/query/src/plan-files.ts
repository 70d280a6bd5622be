import { HyperMeshError, type Long, printable, type SqlRequest } from '@hypermesh/contract'
import type { ScanFilter, ViewName } from '@hypermesh/duckdb'
import { appendsSince, planScan, type ScanPlan } from '@hypermesh/iceberg'
import type { ResolvedTable } from './resolved-table.ts'
import type { Lake } from './statement.ts'

interface PlanRequest {
  /** By `filterKey`. */
  readonly filters: ReadonlyMap<string, ScanFilter>
  readonly appendedSince?: SqlRequest['appendedSince']
  readonly signal: AbortSignal
}

export const filterKey = ({ schema, view }: ViewName) => `${schema}.${view}`.toLowerCase()

/** The files of each table that a statement may need. */
export async function planFiles(
  tables: readonly ResolvedTable[],
  { filters, appendedSince, signal }: PlanRequest,
  { warehouse, cache }: Pick<Lake, 'warehouse' | 'cache'>,
): Promise<readonly ScanPlan[]> {
  const plans: ScanPlan[] = []
  const since = sinceOf(tables, appendedSince)
  for (const { label, metadata, travelledTo, view } of tables) {
    const predicate = filters.get(filterKey(view))
    const table = { metadata, snapshotId: travelledTo, table: label }
    const from = since.get(nameOf(label))
    const range = { from: from ?? 0, to: travelledTo, table: label }
    const addedBy = from === undefined ? undefined : appendsSince(metadata, range)
    plans.push(await planScan({ ...table, predicate, addedBy, warehouse, cache, signal }))
  }
  return plans
}

/** A label may have a snapshot behind the name. */
const nameOf = (label: string) => label.toLowerCase().replace(/@.*$/, '')

function sinceOf(
  tables: readonly ResolvedTable[],
  given: PlanRequest['appendedSince'] = {},
): ReadonlyMap<string, Long> {
  const named = new Set(tables.map(({ label }) => nameOf(label)))
  return new Map(
    Object.entries(given).map(([table, snapshot]): [string, Long] => {
      if (!named.has(table.toLowerCase())) {
        const message = `appendedSince: the statement reads no table ${printable(table)}`
        throw new HyperMeshError('invalid', message)
      }
      return [table.toLowerCase(), typeof snapshot === 'string' ? BigInt(snapshot) : snapshot]
    }),
  )
}
