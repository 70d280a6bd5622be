import { randomUUID } from 'node:crypto'
import type { HyperMeshClient, SqlStream } from '@hypermesh/client'
import {
  HyperMeshError,
  type ResultFormat,
  type RunSavedRequest,
  type SqlReply,
  type SqlRequest,
} from '@hypermesh/contract'
import { oneLine, textWidth } from './cell-text.ts'
import { UsageError } from './failure.ts'
import { copyResult, printResult } from './result-print.ts'
import type { Terminal } from './terminal.ts'

export type OutputFormat = ResultFormat | 'table'

export interface SqlSessionOptions {
  readonly terminal: Terminal
  readonly client: HyperMeshClient
  readonly format: OutputFormat
  readonly parameters: SqlRequest['parameters']
  readonly rowsMax: number | undefined
  readonly timeoutMs: number | undefined
}

/** Runs statements one at a time and prints each result in the chosen form. */
export class SqlSession {
  readonly #options: SqlSessionOptions

  constructor(options: SqlSessionOptions) {
    this.#options = options
    const { format, terminal } = options
    if ((format === 'arrow' || format === 'parquet') && terminal.stdout.isTTY) {
      throw new UsageError(
        `${format} is binary: send it to a file or a program, e.g. > result.${format}`,
      )
    }
  }

  async run(sql: string, signal: AbortSignal): Promise<void> {
    const { client, parameters } = this.#options
    const request: SqlRequest = {
      sql,
      ...(parameters === undefined ? {} : { parameters }),
      ...this.#bounds(),
    }
    try {
      await this.#print(signal, {
        whole: (options) => client.sql(request, options),
        stream: (options) => client.sqlStream(request, options),
      })
    } catch (error) {
      throw withPosition(error, sql)
    }
  }

  /** Runs a saved query. */
  async runSaved(
    name: string,
    parameters: RunSavedRequest['parameters'],
    signal: AbortSignal,
  ): Promise<void> {
    const { client } = this.#options
    const request = { ...(parameters === undefined ? {} : { parameters }), ...this.#bounds() }
    await this.#print(signal, {
      whole: (options) => client.runSavedQuery(name, request, options),
      stream: (options) => client.streamSavedQuery(name, request, options),
    })
  }

  #bounds(): Pick<SqlRequest, 'rowsMax' | 'timeoutMs'> {
    const { rowsMax, timeoutMs } = this.#options
    return {
      ...(rowsMax === undefined ? {} : { rowsMax }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    }
  }

  async #print(
    signal: AbortSignal,
    call: {
      readonly whole: (options: Options) => Promise<SqlReply>
      readonly stream: (options: Options & { format: ResultFormat }) => Promise<SqlStream>
    },
  ): Promise<void> {
    const { terminal, client, format } = this.#options
    const queryId = randomUUID()
    const options = { signal, queryId }
    try {
      if (format === 'table') printResult(terminal, await call.whole(options))
      else await copyResult(terminal, await call.stream({ ...options, format }))
    } catch (error) {
      if (signal.aborted) await stopStatement(client, queryId)
      throw error
    }
  }
}

interface Options {
  readonly signal: AbortSignal
  readonly queryId: string
}

const stopMs = 2000

/** A server behind a proxy may not notice that its client went away, so it is told. */
async function stopStatement(client: HyperMeshClient, queryId: string): Promise<void> {
  // It may have ended already, and a server that does not answer cannot be stopped from here.
  await client.cancelQuery(queryId, { timeoutMs: stopMs }).catch(() => undefined)
}

/** Points at the place in the statement that the server complains about. */
export function withPosition(error: unknown, sql: string): unknown {
  if (!(error instanceof HyperMeshError)) return error
  const { line, column } = error.details ?? {}
  if (typeof line !== 'number' || typeof column !== 'number') return error
  const text = sql.split('\n')[line - 1]
  if (text === undefined || column < 1 || column > text.length + 1) return error
  const start = Math.max(0, column - contextBefore)
  const before = oneLine(text.slice(start, column - 1))
  const shown = before + oneLine(text.slice(column - 1, start + contextWidth))
  const { code, message, details, effect, requestId } = error
  return new HyperMeshError(code, `${message}\n  ${shown}\n  ${' '.repeat(textWidth(before))}^`, {
    effect,
    ...(details ? { details } : {}),
    ...(requestId ? { requestId } : {}),
  })
}

const contextBefore = 40
const contextWidth = 76
