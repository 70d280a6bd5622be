import {
  HyperMeshError,
  type Limits,
  type ResultFormat,
  type SqlRequest,
} from '@hypermesh/contract'
import { type DuckSession, encodeResult, resultColumns } from '@hypermesh/duckdb'
import { HeldBody } from './held-body.ts'
import type { StartedResult } from './running-result.ts'
import type { SpilledResult, SpilledResults } from './spilled-results.ts'
import type { PreparedStatement } from './statement.ts'

/** Rows of a page that says only how many bytes it may have. */
const pageRowsDefault = 100_000

/** Runs the statement to its end, keeps its rows for later pages, and answers with the first. */
export async function firstPage(
  session: DuckSession,
  statement: PreparedStatement,
  options: {
    readonly spilled: SpilledResults
    readonly keyId: string
    readonly queryId: string
    readonly body: SqlRequest
    readonly format: ResultFormat
    readonly limits: Limits
    readonly signal: AbortSignal
  },
): Promise<StartedResult> {
  const { spilled, keyId, queryId, body, format, limits, signal } = options
  const result = await spilled.write(session, statement, {
    queryId,
    keyId,
    facts: statement.facts,
    pageRows: body.pageRows ?? pageRowsDefault,
    pageBytes: Math.min(body.pageBytes ?? limits.sqlHeldBytesMax, limits.sqlHeldBytesMax),
    signal,
  })
  return pageResult(spilled, result, { offset: 0, format, limits, signal })
}

/** A page is held whole, for its headers say where the next one begins. */
export async function pageResult(
  spilled: SpilledResults,
  result: SpilledResult,
  options: {
    readonly offset: number
    readonly format: ResultFormat
    readonly limits: Limits
    readonly signal: AbortSignal
  },
): Promise<StartedResult> {
  const { offset, format, signal } = options
  if (format === 'parquet') {
    throw new HyperMeshError('unsupported_media', 'pages are not sent as Parquet')
  }
  await using page = await spilled.open(result, offset, signal)
  const columns = resultColumns(page.stream.result)
  const { pageRows: rowsMax, pageBytes: bytesMax } = result
  const encoded = encodeResult(page.stream, { format, columns, rowsMax, bytesMax })
  const body = await HeldBody.hold(encoded, Number.MAX_SAFE_INTEGER)
  const { rowCount = 0, bytes = 0 } = body.totals ?? {}
  if (rowCount === 0 && offset < result.rowCount) {
    throw new HyperMeshError('too_large', `row ${offset + 1} alone is larger than a page`, {
      details: { pageBytes: bytesMax },
    })
  }
  const totals = { rowCount, bytes, truncated: null }
  return {
    columns,
    facts: result.facts,
    body: { totals, whole: body.whole, bytes: () => body.bytes() },
    paging: { next: spilled.tokenAt(result, offset + rowCount), totalRows: result.rowCount },
  }
}
