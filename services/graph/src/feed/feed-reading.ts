import type { HyperMeshClient } from '@hypermesh/client'
import { parseTableName, quoteIdentifier, type SqlColumn, toWireLong } from '@hypermesh/contract'
import { toLong } from '@hypermesh/iceberg'
import type { FeedColumn } from './feed-columns.ts'
import type { FeedState } from './feed-state.ts'

/** Which rows: of a table those up to a snapshot, after another and after so many rows. */
export interface FeedReading {
  readonly state: FeedState
  readonly columns: readonly FeedColumn[]
  /** Undefined: as a query gives them now. */
  readonly snapshotId: string | undefined
  readonly since: string | null
  readonly skip: number
}

export interface FeedPage {
  readonly rows: readonly (readonly unknown[])[]
  readonly isLast: boolean
  /** What was read, as decimal texts; null: a table without a snapshot. */
  readonly snapshots: Readonly<Record<string, string | null>>
}

const pageRows = 5000
/** Parsed at once on the event loop. */
const pageBytes = 2 * 1024 * 1024

/** The columns that rows have, by the types that SQL knows. */
export async function describeRows(
  query: HyperMeshClient,
  state: FeedState,
  options: { readonly signal: AbortSignal },
): Promise<readonly SqlColumn[]> {
  const { columns } = await query.sql(`SELECT * FROM ${rowsOf(state, undefined)} LIMIT 0`, options)
  return columns
}

/**
 * The rows in the order in which they were loaded, which is the same each time a snapshot is read: so
 * a reading that broke off goes on behind the rows that are in.
 */
export async function* readFeed(
  query: HyperMeshClient,
  { state, columns, snapshotId, since, skip }: FeedReading,
  options: { readonly signal: AbortSignal; readonly timeoutMs: number },
): AsyncGenerator<FeedPage, void, void> {
  const list = columns.map(({ sql }) => sql).join(', ')
  const offset = skip === 0 ? '' : ` OFFSET ${skip}`
  const request = {
    sql: `SELECT ${list} FROM ${rowsOf(state, snapshotId)}${offset}`,
    ...(since === null || state.source === null
      ? {}
      : { appendedSince: { [state.source.table]: toWireLong(toLong(since)) } }),
    pageRows,
    pageBytes,
  }
  for await (const { rows, next, snapshots } of query.sqlPages(request, options)) {
    const read = Object.entries(snapshots).map(([table, id]): [string, string | null] => [
      table.replace(/@.*$/, ''),
      id === null ? null : String(id),
    ])
    yield { rows, isLast: (next ?? null) === null, snapshots: Object.fromEntries(read) }
  }
}

function rowsOf({ source, query }: FeedState, snapshotId: string | undefined): string {
  // On lines of its own: it may end with a comment.
  if (source === null) return `(\n${query}\n) AS feed_rows`
  const { namespace, table } = parseTableName(source.table)
  const at = snapshotId === undefined ? '' : ` AT (VERSION => ${snapshotId})`
  return `${quoteIdentifier(namespace)}.${quoteIdentifier(table)}${at}`
}
