import type { TableView } from '../command-context.ts'
import { formatInstant } from '../instant.ts'
import { formatBytes, formatCount, formatPlural } from '../quantities.ts'
import { printTable } from '../table-print.ts'

/** Lists every table with its size. */
export async function runTables({ terminal, client, signal, json }: TableView): Promise<void> {
  const { tables } = await client.listTables({ signal })
  if (json) return terminal.print(JSON.stringify(tables))
  if (tables.length === 0) {
    return terminal.print('no tables yet; load a file with: hypermesh ingest FILE')
  }
  printTable(
    terminal,
    [
      { name: 'table' },
      { name: 'rows', right: true },
      { name: 'files', right: true },
      { name: 'size', right: true },
      { name: 'updated' },
    ],
    tables.map((table) => [
      table.table,
      table.rows === null ? '?' : formatCount(table.rows),
      table.files === null ? '?' : formatCount(table.files),
      table.bytes === null ? '?' : formatBytes(table.bytes),
      formatInstant(table.updatedAt),
    ]),
  )
  terminal.print(terminal.style('dim', formatPlural(tables.length, 'table')))
}
