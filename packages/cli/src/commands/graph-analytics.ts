import type { GraphMeasureReply } from '@hypermesh/contract'
import { oneLine } from '../cell-text.ts'
import type { CommandContext } from '../command-context.ts'
import { parseGraphTarget } from '../graph-target.ts'
import { parseNamedValue, valueCell } from '../graph-values.ts'
import { formatDuration, formatPlural } from '../quantities.ts'
import { parsePositive } from '../statement-script.ts'
import { printTable } from '../table-print.ts'

export interface AnalyticsFlags {
  readonly from?: string
  readonly to?: string
  readonly option: readonly string[]
  readonly limit: string
}

/** Takes a measure of a table, or lists what there is to measure. */
export async function runGraphAnalytics(
  context: CommandContext,
  name: string,
  { measure, ...flags }: AnalyticsFlags & { readonly measure: string | undefined },
): Promise<void> {
  if (measure === undefined) return listMeasures(context, name)
  const { terminal, json, signal, connect } = context
  const request = {
    options: Object.fromEntries(flags.option.map((text) => parseNamedValue(text, '--option'))),
    limit: parsePositive(flags.limit, '--limit') ?? 0,
    ...(flags.from === undefined ? {} : { from: flags.from }),
    ...(flags.to === undefined ? {} : { to: flags.to }),
  }
  const { client } = await connect()
  const target = parseGraphTarget(name)
  const reply = await client.takeGraphMeasure(target, measure, request, { signal })
  if (json) terminal.print(JSON.stringify(reply))
  else printMeasure(context, reply)
}

async function listMeasures(
  { terminal, json, signal, connect }: CommandContext,
  name: string,
): Promise<void> {
  const { client } = await connect()
  const { measures } = await client.listGraphMeasures(parseGraphTarget(name), { signal })
  if (json) return terminal.print(JSON.stringify(measures))
  printTable(
    terminal,
    [{ name: 'measure' }, { name: 'summary' }, { name: 'source' }],
    measures.map(({ measure, summary, source }) => [measure, oneLine(summary), oneLine(source)]),
  )
}

function printMeasure({ terminal }: CommandContext, reply: GraphMeasureReply): void {
  const { columns, rows, summary, hyperedges, nodes } = reply
  if (rows.length > 0) {
    printTable(
      terminal,
      columns.map(({ name, type }) => ({ name, right: type === 'integer' || type === 'double' })),
      rows.map((row) => columns.map((_, at) => valueCell(row[at]))),
    )
  }
  for (const [name, value] of Object.entries(summary))
    terminal.print(`${name}: ${valueCell(value)}`)
  const of = `${formatPlural(nodes, 'node')} and ${formatPlural(hyperedges, 'hyperedge')}`
  const shown = rows.length < reply.row_count ? `, ${rows.length} of them shown` : ''
  const facts = `${formatPlural(reply.row_count, 'row')}${shown} · ${formatDuration(reply.elapsed_ms)} · of ${of}`
  terminal.print(terminal.style('dim', facts))
  if (reply.approximate !== null) terminal.note(oneLine(reply.approximate))
  if (reply.left_out > 0) terminal.note(`${formatPlural(reply.left_out, 'hyperedge')} left out`)
}
