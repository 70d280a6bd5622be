import { HyperMeshError, type Long, type Snapshot, type TableMetadata } from '@hypermesh/contract'
import { currentSnapshot, findSnapshot } from './table-metadata.ts'

/** The snapshots after `from` up to `to`, oldest first; undefined unless one follows from the other. */
export function lineageBetween(
  metadata: TableMetadata,
  from: Snapshot | undefined,
  to: Snapshot,
): readonly Snapshot[] | undefined {
  const seen = new Set<Snapshot>()
  let next: Snapshot | undefined = to
  while (next !== undefined && next !== from && !seen.has(next)) {
    seen.add(next)
    const parent: Long | undefined = next['parent-snapshot-id']
    next = parent === undefined ? undefined : findSnapshot(metadata, parent)
  }
  return next === from ? [...seen].reverse() : undefined
}

/**
 * The snapshots whose files are all that came to the table since another one. Throws `precondition`
 * where rows may have been removed or rewritten meanwhile, as then they are not the whole difference.
 */
export function appendsSince(
  metadata: TableMetadata,
  { from, to, table }: { from: Long; to: Long | undefined; table: string },
): ReadonlySet<Long> {
  const last = to === undefined ? currentSnapshot(metadata) : findSnapshot(metadata, to)
  const first = findSnapshot(metadata, from)
  const lineage = first && last && lineageBetween(metadata, first, last)
  if (lineage === undefined) {
    throw notAppended(`${table} does not follow from a snapshot ${from} that is still kept`, {})
  }
  const other = lineage.find(({ summary }) => summary?.operation !== 'append')
  if (other === undefined) return new Set(lineage.map((each) => each['snapshot-id']))
  const operation = other.summary?.operation ?? 'unknown'
  const message = `${table} had more than rows appended since snapshot ${from}: ${operation}`
  throw notAppended(message, { operation })
}

function notAppended(message: string, details: object): HyperMeshError {
  return new HyperMeshError('precondition', `${message}; read the table whole`, {
    details: { reason: 'not-appended', ...details },
  })
}
