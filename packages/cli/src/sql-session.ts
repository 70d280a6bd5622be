import type { HyperMeshClient } from '@hypermesh/client'
import type { ResultFormat, SqlRequest } from '@hypermesh/contract'
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
    if (options.format === 'arrow' && options.terminal.stdout.isTTY) {
      throw new UsageError('Arrow is binary: send it to a file or a program, e.g. > result.arrow')
    }
  }

  async run(sql: string, signal: AbortSignal): Promise<void> {
    const { terminal, client, format, parameters, rowsMax, timeoutMs } = this.#options
    const request: SqlRequest = {
      sql,
      ...(parameters === undefined ? {} : { parameters }),
      ...(rowsMax === undefined ? {} : { rowsMax }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    }
    if (format === 'table') {
      printResult(terminal, await client.sql(request, { signal }))
    } else {
      await copyResult(terminal, await client.sqlStream(request, { format, signal }))
    }
  }
}
