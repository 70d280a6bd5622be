import type { Limits, SqlRequest } from '@hypermesh/contract'
import {
  type DuckSession,
  type EncodeOptions,
  encodeResult,
  resultColumns,
} from '@hypermesh/duckdb'
import { pieceMemory } from '@hypermesh/kit'
import { callRow, scanRow } from './explain-scans.ts'
import { HeldBody } from './held-body.ts'
import { hideFileNames } from './plan-text.ts'
import type { StartedResult } from './running-result.ts'
import type { PreparedStatement } from './statement.ts'

/** Sends rows as they come. */
export async function streamResult(
  session: DuckSession,
  statement: PreparedStatement,
  options: {
    readonly body: SqlRequest
    readonly format: EncodeOptions['format']
    readonly limits: Limits
    readonly signal: AbortSignal
  },
): Promise<StartedResult> {
  const { body, format, limits, signal } = options
  const stream =
    statement.kind === 'select'
      ? await session.stream(statement.sql, {
          parameters: statement.parameters,
          again: statement.mayComeAgain,
          signal,
        })
      : await streamPlan(session, statement, signal)
  const columns = resultColumns(stream.result)
  const allocate = (bytes: number) => pieceMemory.take(bytes)
  const cuts = cutsOf(body, format, limits)
  const encoded = encodeResult(stream, { format, columns, allocate, ...cuts })
  const held = await HeldBody.hold(encoded, limits.sqlHeldBytesMax)
  const { facts, scans, calls, tidySession } = statement
  return {
    columns,
    facts: scans === undefined ? facts : { ...facts, scans, calls },
    body: held,
    tidySession,
  }
}

/** A plan is text for people, and small: it is read whole and sent on without paths. */
async function streamPlan(session: DuckSession, statement: PreparedStatement, signal: AbortSignal) {
  const rows = await session.rows(statement.sql, { parameters: statement.parameters, signal })
  const plans = rows.map((row) => ({
    key: String(row.explain_key),
    value: hideFileNames(String(row.explain_value)),
  }))
  const { scans = [], calls } = statement
  const all = [...scans.map(scanRow), ...calls.map(callRow), ...plans]
  const values = all.flatMap(({ key, value }) => [key, value])
  const places = all.map((_, index) => `($${index * 2 + 1}::VARCHAR, $${index * 2 + 2}::VARCHAR)`)
  const sql = `SELECT * FROM (VALUES ${places.join(', ')}) plan(explain_key, explain_value)`
  return session.stream(sql, { parameters: { values }, signal })
}

/** JSON states in its body what cut it, so it is cut early; a stream is bounded, not cut. */
function cutsOf(body: SqlRequest, format: EncodeOptions['format'], limits: Limits) {
  const isJson = format === 'json'
  const rows = isJson ? limits.sqlRowsMax : Number.MAX_SAFE_INTEGER
  const bytes = isJson ? limits.sqlBytesResultMax : limits.sqlStreamBytesMax
  return {
    rowsMax: Math.min(body.rowsMax ?? rows, rows),
    bytesMax: Math.min(body.bytesMax ?? bytes, bytes),
  }
}
