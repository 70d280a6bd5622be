import {
  HyperMeshError,
  type Limits,
  type Principal,
  type ResultFormat,
  type SqlParameter,
  type SqlRequest,
  type sqlRequest,
} from '@hypermesh/contract'
import { bindParameters, type DuckDatabase, type DuckSession } from '@hypermesh/duckdb'
import {
  type Clock,
  type ConcurrencyGate,
  RequestDeadline,
  type RunningStatement,
  type RunningStatements,
} from '@hypermesh/kit'
import type { z } from 'zod'
import type { KeptSessions } from './kept-sessions.ts'
import { firstPage, pageResult } from './paged-result.ts'
import { parquetResult } from './parquet-result.ts'
import type { RunningResult, StartedResult } from './running-result.ts'
import type { SpillSpace } from './spill-space.ts'
import type { SpilledResults } from './spilled-results.ts'
import { type Lake, type PreparedStatement, prepareStatement } from './statement.ts'
import { streamResult } from './stream-result.ts'
import type { Peers } from './table-functions/table-function.ts'

interface QueryEngineOptions {
  /** Runs statements; may read the warehouse and write results, and nothing else. */
  readonly database: DuckDatabase
  readonly runners: KeptSessions
  readonly planners: KeptSessions
  readonly lake: Lake
  readonly gate: ConcurrencyGate
  readonly running: RunningStatements
  readonly spilled: SpilledResults
  readonly space: SpillSpace
  /** Where results are written that are not sent as they come. */
  readonly directory: string
  readonly limits: Limits
  readonly clock: Clock
}

export interface RunRequest {
  readonly body: z.output<typeof sqlRequest>
  readonly format: ResultFormat
  readonly peers: Peers
  readonly principal: Principal
  /** What the sender calls the statement; undefined: an id is made. */
  readonly queryId: string | undefined
  readonly signal: AbortSignal
}

export interface PageRequest {
  readonly token: string
  readonly format: ResultFormat
  readonly principal: Principal
  readonly signal: AbortSignal
}

interface Started {
  readonly request: RunRequest
  readonly entry: RunningStatement
  readonly signal: AbortSignal
}

export class QueryEngine {
  readonly #options: QueryEngineOptions

  constructor(options: QueryEngineOptions) {
    this.#options = options
  }

  async run(request: RunRequest): Promise<RunningResult> {
    const { clock, gate, runners, planners, limits, running } = this.#options
    const { body, principal, queryId: id } = request
    checkBounds(request, limits)
    const startedMs = clock.monotonicMs()
    const entry = running.enter({ id, principal, sql: body.sql, signal: request.signal })
    const timeoutMs = body.timeoutMs ?? limits.requestTimeoutMsMax
    const deadline = new RequestDeadline(timeoutMs, entry.signal)
    const { signal } = deadline
    let place: Disposable | undefined
    let session: DuckSession | undefined
    let planning: DuckSession | undefined
    let result: StartedResult | undefined
    const close = async () => {
      const { tidySession, body } = result ?? {}
      // Of a body that was cut or given up, rows are left in the session.
      if (session && tidySession && body?.totals?.truncated === null) {
        await runners.giveBack(session, tidySession)
      } else await session?.[Symbol.asyncDispose]()
      await planning?.[Symbol.asyncDispose]()
      await result?.close?.()
      place?.[Symbol.dispose]()
      deadline[Symbol.dispose]()
      entry[Symbol.dispose]()
    }
    try {
      place = await gate.enter(signal, principal.keyId)
      entry.state = 'planning'
      session = await runners.take()
      planning = await planners.take()
      result = await this.#start({ session, planning }, { request, entry, signal })
      await planners.giveBack(planning)
      planning = undefined
      entry.state = 'sending'
      const elapsedMs = elapsedSince(clock, startedMs)
      return { ...result, queryId: entry.id, signal, elapsedMs, [Symbol.asyncDispose]: close }
    } catch (error) {
      // Not awaited: DuckDB may take longer to stop than the client should wait. The place stays
      // taken until it has.
      close().catch(() => undefined)
      throw error
    }
  }

  /** Throws what would be wrong with the statement if it ran with these values now. */
  async check(
    request: Pick<RunRequest, 'peers' | 'principal' | 'signal'> & {
      readonly sql: string
      readonly namespace: string | undefined
      readonly parameters: Readonly<Record<string, SqlParameter>>
    },
  ): Promise<void> {
    const { database, planners, gate, lake, limits } = this.#options
    const { sql, signal, principal, parameters: given, ...rest } = request
    checkBounds({ body: { sql, parameters: given }, format: 'json' }, limits)
    const { parameters = { values: {} }, planned } = bindParameters(given)
    using _place = await gate.enter(signal, principal.keyId)
    await using session = await database.connectApart()
    await using planning = await planners.take()
    const sessions = { session, planning }
    const statement = { ...rest, sql, parameters, planned, embedded: false, checked: true, signal }
    const prepared = await prepareStatement(sessions, statement, lake)
    await session.check(prepared.sql, { signal })
  }

  /** A page of a result that an earlier statement left. */
  async page({ token, format, principal, signal }: PageRequest): Promise<RunningResult> {
    const { spilled, gate, limits, clock } = this.#options
    const startedMs = clock.monotonicMs()
    const { result, offset } = spilled.find(principal, token)
    using _place = await gate.enter(signal, principal.keyId)
    const page = await pageResult(spilled, result, { offset, format, limits, signal })
    const elapsedMs = elapsedSince(clock, startedMs)
    const { queryId } = result
    return { ...page, queryId, signal, elapsedMs, [Symbol.asyncDispose]: async () => {} }
  }

  async #start(
    sessions: { readonly session: DuckSession; readonly planning: DuckSession },
    { request, entry, signal }: Started,
  ): Promise<StartedResult> {
    const { body, format, peers } = request
    const bound = bindParameters(body.parameters)
    const statement = await prepareStatement(
      sessions,
      {
        sql: body.sql,
        parameters: bound.parameters,
        planned: bound.planned,
        namespace: body.namespace,
        appendedSince: body.appendedSince,
        embedded: isPaged(body) || format === 'parquet',
        peers,
        signal,
      },
      this.#options.lake,
    )
    entry.state = 'running'
    try {
      return await this.#answer(sessions.session, statement, { request, entry, signal })
    } catch (error) {
      throw statement.readsInPlace ? blameFiles(error) : error
    }
  }

  async #answer(
    session: DuckSession,
    statement: PreparedStatement,
    { request, entry, signal }: Started,
  ): Promise<StartedResult> {
    const { body, format, principal } = request
    const { limits, spilled, space, directory } = this.#options
    if (format === 'parquet') {
      return parquetResult(session, statement, { space, directory, signal })
    }
    // A plan is one short page.
    if (!isPaged(body) || statement.kind !== 'select') {
      return streamResult(session, statement, { body, format, limits, signal })
    }
    const { keyId } = principal
    return firstPage(session, statement, {
      spilled,
      keyId,
      queryId: entry.id,
      body,
      format,
      limits,
      signal,
    })
  }
}

/** A file of a virtual table is its owner's to mend; `corrupt` is damage of what is kept here. */
function blameFiles(error: unknown): unknown {
  if (!(error instanceof HyperMeshError) || error.code !== 'corrupt') return error
  const message = `a file of a virtual table is damaged, or changed while it was read: ${error.message}`
  return new HyperMeshError('invalid', message, { cause: error })
}

function elapsedSince(clock: Clock, startedMs: number): () => number {
  return () => Math.round((clock.monotonicMs() - startedMs) * 1000) / 1000
}

function isPaged({ pageRows, pageBytes }: SqlRequest): boolean {
  return pageRows !== undefined || pageBytes !== undefined
}

function checkBounds(
  { body, format }: { readonly body: SqlRequest; readonly format: ResultFormat },
  limits: Limits,
): void {
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
  const cut = body.rowsMax !== undefined || body.bytesMax !== undefined
  if (isPaged(body) && (cut || format === 'parquet')) {
    throw new HyperMeshError(
      'invalid',
      'pages are neither cut by rowsMax or bytesMax nor sent as Parquet; leave one of them out',
    )
  }
  if (cut && format === 'parquet') {
    throw new HyperMeshError('invalid', 'a Parquet result is not cut; put a LIMIT in the statement')
  }
}
