import { randomUUID } from 'node:crypto'
import type { HyperMeshClient } from '@hypermesh/client'
import type { GraphQueryReply } from '@hypermesh/contract'
import { UsageError } from './failure.ts'
import { valueCell } from './graph-values.ts'
import { formatCount, formatDuration, formatPlural } from './quantities.ts'
import { copyBytes } from './result-print.ts'
import { withPosition } from './sql-session.ts'
import { printTable } from './table-print.ts'
import type { Terminal } from './terminal.ts'

export const graphFormats = ['table', 'json', 'ndjson', 'arrow'] as const
export type GraphFormat = (typeof graphFormats)[number]

export interface GraphSessionOptions {
  readonly terminal: Terminal
  readonly client: HyperMeshClient
  readonly database: string
  readonly format: GraphFormat
  readonly parameters: Readonly<Record<string, unknown>>
  readonly rowsMax: number
  readonly timeoutMs: number | undefined
}

interface Options {
  readonly signal: AbortSignal
  readonly queryId: string
}

const stopMs = 2000

/** Runs statements of the graph language one at a time and prints each result in the chosen form. */
export class GraphSession {
  readonly #options: GraphSessionOptions

  constructor(options: GraphSessionOptions) {
    this.#options = options
    if (options.format === 'arrow' && options.terminal.stdout.isTTY) {
      throw new UsageError('arrow is binary: send it to a file or a program, e.g. > result.arrow')
    }
  }

  async run(query: string, signal: AbortSignal): Promise<void> {
    const { client, database } = this.#options
    const queryId = randomUUID()
    try {
      await this.#print(query, { signal, queryId })
    } catch (error) {
      // A server behind a proxy may not notice that its client went away. It may have ended already.
      if (signal.aborted) {
        await client
          .cancelGraphQuery(database, queryId, { timeoutMs: stopMs })
          .catch(() => undefined)
      }
      throw withPosition(error, query)
    }
  }

  async #print(query: string, options: Options): Promise<void> {
    const { terminal, client, database, format, parameters, timeoutMs, rowsMax } = this.#options
    const request = {
      query,
      parameters,
      ...(timeoutMs === undefined ? {} : { timeout_ms: timeoutMs }),
    }
    if (format === 'ndjson') {
      for await (const row of client.graphRows(database, request, options)) {
        terminal.print(JSON.stringify(row))
      }
      return
    }
    if (format === 'arrow') {
      await copyBytes(terminal, await client.graphArrow(database, request, options))
      return
    }
    const reply = await client.queryGraph(database, { ...request, limit: rowsMax }, options)
    if (format === 'json') terminal.print(JSON.stringify(reply))
    else printReply(terminal, reply)
  }
}

const rightAligned: ReadonlySet<string> = new Set(['int64', 'float64'])

function printReply(terminal: Terminal, reply: GraphQueryReply): void {
  const { columns, rows, receipt } = reply
  const hidden =
    columns.length === 0
      ? 0
      : printTable(
          terminal,
          columns.map(({ name, type }) => ({ name, right: rightAligned.has(type) })),
          rows.map((row) => columns.map((_, at) => valueCell(row[at]))),
        )
  terminal.print(terminal.style('dim', factsOf(reply)))
  if (receipt !== null) {
    const { inserted, updated, deleted, duplicates } = receipt
    const there = duplicates === 0 ? '' : `, ${formatCount(duplicates)} were there already`
    terminal.print(`${inserted} inserted${there}, ${updated} updated, ${deleted} deleted`)
  }
  if (reply.truncated || reply.next_cursor !== null) {
    terminal.note(
      terminal.styleNote('yellow', `cut at ${formatPlural(rows.length, 'row')}; see --max-rows`),
    )
  }
  if (hidden > 0) {
    terminal.note(terminal.styleNote('yellow', `${formatPlural(hidden, 'column')} did not fit`))
  }
}

/** `3 rows · 1.2 ms · 40 records read`. */
function factsOf({ row_count: rows, elapsed_ms: elapsedMs, examined }: GraphQueryReply): string {
  const read = examined === 0 ? [] : [`${formatPlural(examined, 'record')} read`]
  return [formatPlural(rows, 'row'), formatDuration(elapsedMs), ...read].join(' · ')
}
