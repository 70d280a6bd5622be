import type { HyperMeshClient } from '@hypermesh/client'
import {
  HyperMeshError,
  type Limits,
  type Principal,
  type ResultFormat,
  type SqlRequest,
  type sqlRequest,
} from '@hypermesh/contract'
import {
  bindParameters,
  type DuckDatabase,
  type DuckSession,
  encodeResult,
  resultColumns,
} from '@hypermesh/duckdb'
import { type Clock, type ConcurrencyGate, RequestDeadline } from '@hypermesh/kit'
import type { z } from 'zod'
import { HeldBody } from './held-body.ts'
import { hideFileNames } from './plan-text.ts'
import type { RunningStatement, RunningStatements } from './running-statements.ts'
import { type Lake, type PreparedStatement, prepareStatement } from './statement.ts'

interface QueryEngineOptions {
  /** Runs statements; may read the warehouse and nothing else. */
  readonly database: DuckDatabase
  readonly planner: DuckDatabase
  readonly lake: Lake
  readonly gate: ConcurrencyGate
  readonly running: RunningStatements
  readonly limits: Limits
  readonly clock: Clock
}

export interface RunRequest {
  readonly body: z.output<typeof sqlRequest>
  readonly format: ResultFormat
  readonly catalog: HyperMeshClient
  readonly principal: Principal
  /** What the sender calls the statement; undefined: an id is made. */
  readonly queryId: string | undefined
  readonly signal: AbortSignal
}

/** A result whose first bytes are there. Whoever gets it reads the body to its end or closes it. */
export interface RunningResult extends AsyncDisposable {
  readonly queryId: string
  readonly columns: readonly { readonly name: string; readonly type: string }[]
  readonly facts: PreparedStatement['facts']
  readonly body: HeldBody
  /** Aborts at the statement's deadline and when the client goes away. */
  readonly signal: AbortSignal
  elapsedMs(): number
}

export class QueryEngine {
  readonly #options: QueryEngineOptions

  constructor(options: QueryEngineOptions) {
    this.#options = options
  }

  async run(request: RunRequest): Promise<RunningResult> {
    const { clock, gate, database, limits, running } = this.#options
    const { body, principal, queryId: id } = request
    checkBounds(body, limits)
    const startedMs = clock.monotonicMs()
    const entry = running.enter({ id, principal, sql: body.sql, signal: request.signal })
    const timeoutMs = body.timeoutMs ?? limits.requestTimeoutMsMax
    const deadline = new RequestDeadline(timeoutMs, entry.signal)
    let place: Disposable | undefined
    let session: DuckSession | undefined
    let planning: DuckSession | undefined
    const close = async () => {
      await Promise.all([session?.[Symbol.asyncDispose](), planning?.[Symbol.asyncDispose]()])
      place?.[Symbol.dispose]()
      deadline[Symbol.dispose]()
      entry[Symbol.dispose]()
    }
    try {
      place = await gate.enter(deadline.signal)
      entry.state = 'planning'
      session = await database.connectApart()
      planning = await this.#options.planner.connectApart()
      const { signal } = deadline
      const result = await this.#start(session, planning, { ...request, signal, entry })
      entry.state = 'sending'
      const elapsedMs = () => Math.round((clock.monotonicMs() - startedMs) * 1000) / 1000
      return { ...result, queryId: entry.id, signal, elapsedMs, [Symbol.asyncDispose]: close }
    } catch (error) {
      // Not awaited: DuckDB may take longer to stop than the client should wait. The place stays
      // taken until it has.
      close().catch(() => undefined)
      throw error
    }
  }

  async #start(
    session: DuckSession,
    planning: DuckSession,
    request: RunRequest & { readonly entry: RunningStatement },
  ) {
    const { body, format, catalog, signal, entry } = request
    const { lake, limits } = this.#options
    const bound = bindParameters(body.parameters)
    const statement = await prepareStatement(
      { session, planning },
      {
        sql: body.sql,
        parameters: bound.parameters,
        planned: bound.planned,
        namespace: body.namespace,
        catalog,
        signal,
      },
      lake,
    )
    entry.state = 'running'
    const stream =
      statement.kind === 'select'
        ? await session.stream(statement.sql, { parameters: statement.parameters, signal })
        : await streamPlan(session, statement, signal)
    const columns = resultColumns(stream.result)
    const encoded = encodeResult(stream, { format, columns, ...cutsOf(body, format, limits) })
    const held = await HeldBody.hold(encoded, limits.sqlHeldBytesMax)
    return { columns, facts: statement.facts, body: held }
  }
}

/** A plan is text for people, and small: it is read whole and sent on without paths. */
async function streamPlan(session: DuckSession, statement: PreparedStatement, signal: AbortSignal) {
  const rows = await session.rows(statement.sql, { parameters: statement.parameters, signal })
  const values = rows.flatMap((row) => [
    String(row.explain_key),
    hideFileNames(String(row.explain_value)),
  ])
  const places = rows.map((_, index) => `($${index * 2 + 1}::VARCHAR, $${index * 2 + 2}::VARCHAR)`)
  const sql = `SELECT * FROM (VALUES ${places.join(', ')}) plan(explain_key, explain_value)`
  return session.stream(sql, { parameters: { values }, signal })
}

/** JSON states in its body what cut it, so it is cut early; a stream is bounded, not cut. */
function cutsOf(body: SqlRequest, format: ResultFormat, limits: Limits) {
  const isJson = format === 'json'
  const rows = isJson ? limits.sqlRowsMax : Number.MAX_SAFE_INTEGER
  const bytes = isJson ? limits.sqlBytesResultMax : limits.sqlStreamBytesMax
  return {
    rowsMax: Math.min(body.rowsMax ?? rows, rows),
    bytesMax: Math.min(body.bytesMax ?? bytes, bytes),
  }
}

function checkBounds(body: SqlRequest, limits: Limits): void {
  const sqlBytes = Buffer.byteLength(body.sql)
  if (sqlBytes > limits.sqlBytesMax) {
    throw new HyperMeshError(
      'too_large',
      `the statement has ${sqlBytes} bytes; at most ${limits.sqlBytesMax}`,
    )
  }
  const count = Object.keys(body.parameters ?? {}).length
  if (count > limits.sqlParametersMax) {
    throw new HyperMeshError('too_large', `${count} parameters; at most ${limits.sqlParametersMax}`)
  }
}
