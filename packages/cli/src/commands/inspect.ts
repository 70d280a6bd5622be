import type { Inspection } from '@hypermesh/contract'
import { oneLine } from '../cell-text.ts'
import type { CommandContext } from '../command-context.ts'
import { openFileSource, sendFile } from '../file-source.ts'
import { type LoadFlags, parseLoadFlags } from '../load-options.ts'
import { formatBytes, formatPlural } from '../quantities.ts'
import { printTable } from '../table-print.ts'

export interface InspectFlags extends LoadFlags {
  readonly upload?: boolean
}

/** Shows what `ingest` would make of a file; nothing is stored. */
export async function runInspect(
  context: CommandContext,
  file: string,
  flags: InspectFlags,
): Promise<void> {
  const { terminal, signal } = context
  const shape = parseLoadFlags(flags)
  const source = await openFileSource(file)
  const connection = await context.connect()
  const inspection = await sendFile({
    terminal,
    connection,
    source,
    upload: flags.upload === true,
    send: (request) => connection.client.inspect({ ...shape, ...request }, { signal }),
  })
  if (context.json) return terminal.print(JSON.stringify(inspection))
  printInspection(context, inspection)
}

const readText: Readonly<Record<Inspection['inferredFrom'], string>> = {
  file: 'types as the file states them',
  sample: 'types inferred from a sample',
  all: 'types inferred from every row',
}

function printInspection({ terminal }: CommandContext, inspection: Inspection): void {
  printTable(
    terminal,
    [{ name: 'column' }, { name: 'in the file' }, { name: 'in the table' }, { name: 'type from' }],
    inspection.columns.map((column) => [
      oneLine(column.name),
      column.sourceType,
      column.type,
      column.from,
    ]),
  )
  const facts = [
    inspection.format,
    formatBytes(inspection.bytes),
    formatPlural(inspection.columns.length, 'column'),
    readText[inspection.inferredFrom],
    ...Object.entries(inspection.options).map(
      ([name, value]) => `${name} ${JSON.stringify(value)}`,
    ),
  ]
  terminal.print(terminal.style('dim', facts.join(' · ')))
}
