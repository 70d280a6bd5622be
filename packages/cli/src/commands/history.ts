import type { HistoryEntry } from '@hypermesh/contract'
import type { TableView } from '../command-context.ts'
import { formatInstant } from '../instant.ts'
import { formatCount, formatPlural } from '../quantities.ts'
import { printTable } from '../table-print.ts'
import { parseTarget } from '../target-table.ts'

/** Lists the snapshots of a table, newest first. */
export async function runHistory(
  { terminal, client, signal, json }: TableView,
  name: string,
): Promise<void> {
  const { table, snapshots } = await client.tableHistory(parseTarget(name), { signal })
  if (json) return terminal.print(JSON.stringify({ table, snapshots }))
  if (snapshots.length === 0) return terminal.print(`${table} has no snapshots yet`)
  printTable(
    terminal,
    [
      { name: 'snapshot', right: true },
      { name: 'committed' },
      { name: 'operation' },
      { name: 'rows', right: true },
      { name: 'rows after', right: true },
      { name: 'files', right: true },
    ],
    snapshots.map((entry) => [
      String(entry.snapshotId),
      formatInstant(entry.committedAt),
      entry.operation,
      formatChange(entry.rowsAdded, entry.rowsRemoved),
      entry.rowsTotal === null ? '?' : formatCount(entry.rowsTotal),
      formatChange(entry.filesAdded, entry.filesRemoved),
    ]),
  )
  const oldest = snapshots.at(-1) as HistoryEntry
  terminal.print(
    terminal.style(
      'dim',
      `${formatPlural(snapshots.length, 'snapshot')}; read one as it was: SELECT * FROM ${table} AT (VERSION => ${oldest.snapshotId})`,
    ),
  )
}

/** A question mark where the writer of the snapshot did not say. */
function formatChange(added: number | null, removed: number | null): string {
  if (added === null || removed === null) return '?'
  const parts = [
    ...(added > 0 || removed === 0 ? [`+${formatCount(added)}`] : []),
    ...(removed > 0 ? [`−${formatCount(removed)}`] : []),
  ]
  return parts.join(' ')
}
