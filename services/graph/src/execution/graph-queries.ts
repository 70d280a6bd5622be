import {
  type GraphQueryRequest,
  HyperMeshError,
  type Limits,
  type Principal,
  type RunningGraphQueries,
} from '@hypermesh/contract'
import {
  type Clock,
  ConcurrencyGate,
  type Logger,
  RequestDeadline,
  RunningStatements,
} from '@hypermesh/kit'
import type { GraphDatabase } from '../graph-database.ts'
import { asGraphErrors } from '../graph-error.ts'
import { formatStatement } from '../language/format-statement.ts'
import { parseStatement } from '../language/parse-statement.ts'
import type { Statement } from '../language/syntax-tree.ts'
import { bindParameters } from './bind-parameters.ts'
import { questionOf } from './page-cursor.ts'
import { type QueryContext, QueryFigures, type ResultColumn, type Row } from './query-result.ts'
import { runStatement } from './run-statement.ts'
import { assertMayRun, roleOf } from './statement-roles.ts'

export interface GraphQueriesOptions {
  readonly clock: Clock
  readonly limits: Limits
  readonly logger: Logger
  readonly importRoot: string | undefined
  readonly measures?: QueryContext['measures']
}

/** Who asks for what, and how much of it at once. */
export interface GraphQuestion {
  readonly database: GraphDatabase
  readonly principal: Principal
  readonly request: GraphQueryRequest
  readonly queryId: string | undefined
  /** Whether rows go out as they come, all of them. */
  readonly isStream: boolean
  readonly signal: AbortSignal
}

/** A statement that runs. Its rows must be read to the end, or `close` be called. */
export interface StartedQuery {
  readonly queryId: string
  readonly columns: readonly ResultColumn[]
  readonly batches: AsyncGenerator<readonly Row[]>
  readonly figures: QueryFigures
  /** Where it has aborted, the rows that came are not all, even though they have ended. */
  readonly signal: AbortSignal
  elapsedMs(): number
  close(): void
}

/** Runs statements: so many at once, each with a deadline, found and stopped by its id. */
export class GraphQueries {
  readonly #options: GraphQueriesOptions
  readonly #gate: ConcurrencyGate
  readonly #running = new WeakMap<GraphDatabase, RunningStatements>()

  constructor(options: GraphQueriesOptions) {
    this.#options = options
    const { graphQueryConcurrencyMax, graphQueryQueueMax } = options.limits
    this.#gate = new ConcurrencyGate({
      name: 'graph_statements',
      concurrencyMax: graphQueryConcurrencyMax,
      queueMax: graphQueryQueueMax,
    })
  }

  list(database: GraphDatabase, principal: Principal): RunningGraphQueries {
    const queries = this.#runningOf(database)
      .list(principal)
      .map(({ id, keyId, sql, state, startedAt, elapsedMs }) => ({
        ...{ id, key_id: keyId, query: sql, state },
        ...{ started_at: startedAt, elapsed_ms: elapsedMs },
      }))
    return { queries }
  }

  cancel(database: GraphDatabase, principal: Principal, id: string): void {
    this.#runningOf(database).cancel(principal, id)
  }

  /** Everything that needs no row is checked by then. */
  async start(question: GraphQuestion): Promise<StartedQuery> {
    const { database, principal, request } = question
    const { limits, clock } = this.#options
    // Before it waits: who may not run it learns so at once.
    const parsed = parseStatement(request.query, limits)
    assertMayRun(principal, parsed)
    const statement = bindParameters(parsed, request.parameters ?? {}, limits)
    const entry = this.#runningOf(database).enter({
      ...{ id: question.queryId, principal, sql: request.query, signal: question.signal },
    })
    const deadline = new RequestDeadline(
      Math.min(request.timeout_ms ?? Number.POSITIVE_INFINITY, limits.requestTimeoutMsMax),
      entry.signal,
    )
    let place: Disposable | undefined
    const close = () => {
      place?.[Symbol.dispose]()
      deadline[Symbol.dispose]()
      entry[Symbol.dispose]()
    }
    try {
      place = await this.#gate.enter(deadline.signal, principal.keyId)
      const startedMs = clock.monotonicMs()
      entry.state = 'running'
      const figures = new QueryFigures()
      const context = this.#contextOf(question, { statement, figures, signal: deadline.signal })
      const { columns, batches } = await asGraphErrors(() =>
        runStatement(statement, principal, context),
      )
      const { signal } = deadline
      const reading = this.#reading(batches, { statement, database, signal, close })
      // Whoever does not read on, as a client that went away, holds nothing open beyond the deadline.
      const end = () => void reading.return(undefined).catch(() => undefined)
      signal.addEventListener('abort', end, { once: true })
      return {
        ...{ queryId: entry.id, columns, figures, signal, close, batches: reading },
        elapsedMs: () => clock.monotonicMs() - startedMs,
      }
    } catch (error) {
      close()
      throw error
    }
  }

  #runningOf(database: GraphDatabase): RunningStatements {
    const known = this.#running.get(database)
    if (known !== undefined) return known
    const running = new RunningStatements(this.#options.clock)
    this.#running.set(database, running)
    return running
  }

  #contextOf(
    { database, request, isStream }: GraphQuestion,
    parts: Pick<QueryContext, 'figures' | 'signal'> & { readonly statement: Statement },
  ): QueryContext {
    const { limits, importRoot, measures } = this.#options
    const { limit = 1000, cursor } = request
    if (!isStream && limit > limits.graphPageMax) {
      throw new HyperMeshError('too_large', `a page has at most ${limits.graphPageMax} rows`, {
        details: { limit: 'graph_page_max', rowsMax: limits.graphPageMax },
      })
    }
    if (isStream && cursor !== undefined) {
      throw new HyperMeshError('invalid', 'a stream has no pages: leave cursor out')
    }
    const text = `${database.name} ${formatStatement(parts.statement)}`
    return {
      ...{ database, limits, importRoot, figures: parts.figures, signal: parts.signal },
      page: isStream ? null : { rowsMax: limit, cursor },
      question: questionOf(text),
      ...(measures === undefined ? {} : { measures }),
    }
  }

  /** Failures of the engine come out as the platform's, wherever in the reading they happen. */
  async *#reading(
    batches: AsyncIterable<readonly Row[]>,
    parts: {
      readonly statement: Statement
      readonly database: GraphDatabase
      readonly signal: AbortSignal
      readonly close: () => void
    },
  ): AsyncGenerator<readonly Row[]> {
    const { statement, database, signal, close } = parts
    const rows = batches[Symbol.asyncIterator]()
    try {
      for (;;) {
        signal.throwIfAborted()
        const { done, value } = await asGraphErrors(() => rows.next())
        if (done) break
        yield value
      }
      if (roleOf(statement) !== 'reader') database.compaction.wrote()
    } finally {
      close()
      await rows.return?.()
    }
  }
}
