import { parseTableName, quoteIdentifier, stringifyJson, type TableDiff } from '@hypermesh/contract'
import type { TableView } from '../command-context.ts'
import { UsageError } from '../failure.ts'
import { formatBytes, formatPlural } from '../quantities.ts'
import { printResult } from '../result-print.ts'
import { parseTarget } from '../target-table.ts'

export interface DiffRange {
  readonly from?: string | undefined
  readonly to?: string | undefined
}

export interface DiffFlags {
  readonly rows?: string
}

/** Prints what tells one snapshot of a table from another: in files and, where asked, in rows. */
export async function runDiff(
  view: TableView,
  name: string,
  { from, to }: DiffRange,
  flags: DiffFlags,
): Promise<void> {
  const { terminal, client, signal, json } = view
  const rowsMax = parseRows(flags.rows)
  const query = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
  const diff = await client.diffTable(parseTarget(name), query, { signal })
  if (json) return terminal.print(stringifyJson(diff))
  terminal.print(`${diff.table}: ${diff.from ?? 'nothing'} → ${diff.to}${wayOf(diff)}`)
  for (const line of changesOf(diff)) terminal.print(`  ${line}`)
  if (rowsMax !== undefined) await printRows(view, diff, rowsMax)
}

function wayOf({ isAncestor, operations }: TableDiff): string {
  if (!isAncestor) return ' (neither follows from the other)'
  const steps = operations.slice(0, 10).join(', ')
  return operations.length > 10 ? ` (${steps} and ${operations.length - 10} more)` : ` (${steps})`
}

function changesOf(diff: TableDiff): string[] {
  const sets = [
    ['+', 'data file', diff.added],
    ['−', 'data file', diff.removed],
    ['+', 'delete file', diff.deletesAdded],
    ['−', 'delete file', diff.deletesRemoved],
  ] as const
  const files = sets
    .filter(([, , set]) => set.files > 0)
    .map(
      ([sign, what, set]) =>
        `${sign} ${formatPlural(set.files, what)}, ${formatPlural(set.rows, 'row')}, ${formatBytes(set.bytes)}`,
    )
  const schema = diff.schemaChanges.map(({ kind, column, from, to }) =>
    [kind.replace('-', ' '), kind === 'rename-column' ? '' : column, from, to && `→ ${to}`]
      .filter(Boolean)
      .join(' '),
  )
  return [
    ...files,
    `  ${formatPlural(diff.unchangedFiles, 'data file')} in both`,
    ...schema,
    ...(diff.partitioningChanged ? ['the partitioning changed'] : []),
  ]
}

async function printRows(view: TableView, diff: TableDiff, rowsMax: number): Promise<void> {
  const { terminal, client, signal } = view
  if (diff.from === null || diff.schemaChanges.length > 0) {
    return terminal.note('rows are compared between two snapshots of one schema')
  }
  const at = (snapshot: TableDiff['to']) =>
    `SELECT * FROM ${sqlName(diff.table)} AT (VERSION => ${snapshot})`
  for (const [title, more, less] of [
    ['rows that came', at(diff.to), at(diff.from)],
    ['rows that went', at(diff.from), at(diff.to)],
  ] as const) {
    terminal.print('')
    terminal.print(title)
    const sql = `${more} EXCEPT ALL ${less}`
    printResult(terminal, await client.sql({ sql, rowsMax }, { signal }))
  }
}

function sqlName(table: string): string {
  const { namespace, table: name } = parseTableName(table)
  return `${quoteIdentifier(namespace)}.${quoteIdentifier(name)}`
}

function parseRows(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const rows = Number(text)
  if (Number.isInteger(rows) && rows > 0 && rows <= 100_000) return rows
  throw new UsageError(`--rows takes a number from 1 to 100000, not "${text}"`)
}
