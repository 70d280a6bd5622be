import type { HyperMeshClient } from '@hypermesh/client'
import {
  HyperMeshError,
  type Limits,
  parseTableName,
  quoteIdentifier,
  type StructField,
  toWireLong,
} from '@hypermesh/contract'
import { toLong } from '@hypermesh/iceberg'
import type { SourceState } from './source-state.ts'

/** A part of the rows: key, then vector or text, then metadata in their order. */
export interface SourcePage {
  /** The snapshot that all pages of one reading are of. */
  readonly snapshotId: string
  readonly rows: readonly (readonly unknown[])[]
  readonly isLast: boolean
}

const pageRows = 1000
/** Parsed at once on the event loop. */
const pageBytes = 1024 * 1024

/**
 * The rows of the table as they are now, or those that were appended since a snapshot, in the order
 * in which they were loaded. The result is kept by who answers and fetched page by page, so that a
 * reading may take as long as the index takes to be built.
 */
export async function* readSource(
  query: HyperMeshClient,
  { source, fields, since }: Reading,
  { limits, signal }: { limits: Limits; signal: AbortSignal },
): AsyncGenerator<SourcePage, void, void> {
  const options = { signal, timeoutMs: limits.requestTimeoutMsMax }
  const request = {
    sql: selectOf(source, fields),
    ...(since === undefined
      ? {}
      : { appendedSince: { [source.table]: toWireLong(toLong(since)) } }),
    pageRows: Math.min(pageRows, limits.vectorBatchPointsMax),
    pageBytes,
  }
  for await (const { snapshots, rows, next } of query.sqlPages(request, options)) {
    const [snapshot] = Object.values(snapshots)
    if (snapshot === undefined || snapshot === null) {
      throw new HyperMeshError('conflict', `${source.table} has lost its snapshots meanwhile`)
    }
    yield { snapshotId: String(snapshot), rows, isLast: (next ?? null) === null }
  }
}

export interface Reading {
  readonly source: SourceState
  /** As `assertBound` gives them. */
  readonly fields: readonly StructField[]
  readonly since?: string | undefined
}

function selectOf({ table }: SourceState, fields: readonly StructField[]): string {
  const columns = fields.map(({ name, type }) => {
    const column = quoteIdentifier(name)
    // Decimals are texts in JSON, as their scale is part of them; metadata have numbers.
    return String(type).startsWith('decimal') ? `CAST(${column} AS DOUBLE)` : column
  })
  const { namespace, table: name } = parseTableName(table)
  return `SELECT ${columns.join(', ')} FROM ${quoteIdentifier(namespace)}.${quoteIdentifier(name)}`
}
