import { type ColumnDetail, stringifyJson, type TableDetail } from '@hypermesh/contract'
import type { TableView } from '../command-context.ts'
import { formatInstant } from '../instant.ts'
import { formatBytes, formatCount, formatPlural } from '../quantities.ts'
import { printTable } from '../table-print.ts'
import { parseTarget } from '../target-table.ts'

export interface DescribeFlags {
  readonly snapshot?: string
}

/** Prints what a table is: schema and layout, sizes, partitions, and what is known of each column. */
export async function runDescribe(
  { terminal, client, signal, json }: TableView,
  name: string,
  { snapshot }: DescribeFlags,
): Promise<void> {
  const query = snapshot === undefined ? {} : { snapshot }
  const detail = await client.describeTable(parseTarget(name), query, { signal })
  if (json) return terminal.print(stringifyJson(detail))
  for (const [label, text] of facts(detail)) {
    terminal.print(`${terminal.style('dim', label.padEnd(12))} ${text}`)
  }
  terminal.print('')
  printTable(
    terminal,
    [
      { name: 'column' },
      { name: 'type' },
      { name: 'nulls', right: true },
      { name: 'size', right: true },
      { name: 'least' },
      { name: 'greatest' },
    ],
    detail.columns.map((column) => columnRow(column)),
  )
  if (detail.partitions.length > 0) printPartitions(terminal, detail)
}

function facts(detail: TableDetail): (readonly [string, string])[] {
  const { snapshotId, committedAt } = detail
  const layout = detail.partitionedBy.map(({ column, transform }) =>
    transform === 'identity' ? column : `${transform}(${column})`,
  )
  const order = detail.sortedBy.map(({ column, direction }) => `${column} ${direction}`)
  const spread =
    detail.files > 1
      ? `, ${formatBytes(detail.smallestFileBytes ?? 0)} to ${formatBytes(detail.largestFileBytes ?? 0)} each`
      : ''
  return [
    ['table', detail.table],
    ['location', detail.location],
    [
      'snapshot',
      snapshotId === null ? 'none yet' : `${snapshotId} of ${formatInstant(committedAt ?? '')}`,
    ],
    ['history', formatPlural(detail.snapshots, 'snapshot')],
    ['rows', formatCount(detail.rows)],
    [
      'size',
      `${formatBytes(detail.bytes)} in ${formatPlural(detail.files, 'file')}${spread}; ${formatPlural(detail.manifests, 'manifest')}`,
    ],
    ...(detail.deleteFiles > 0
      ? [
          [
            'deletes',
            `${formatCount(detail.deleteRows)} in ${formatPlural(detail.deleteFiles, 'file')}, not yet taken off the rows`,
          ] as const,
        ]
      : []),
    ...(layout.length > 0 ? [['partitions', layout.join(', ')] as const] : []),
    ...(order.length > 0 ? [['sorted by', order.join(', ')] as const] : []),
    ...Object.entries(detail.refs)
      .filter(([ref]) => ref !== 'main')
      .map(([ref, { type, snapshotId: at }]) => [type, `${ref} at ${at}`] as const),
  ]
}

function columnRow(column: ColumnDetail): string[] {
  const unknown = '?'
  return [
    column.name,
    column.required ? `${column.type} not null` : column.type,
    column.nulls === null ? unknown : formatCount(column.nulls),
    column.bytes === null ? unknown : formatBytes(column.bytes),
    column.lowerBound ?? '',
    `${column.upperBound ?? ''}${column.nans ? ` and ${formatCount(column.nans)} NaN` : ''}`,
  ]
}

function printPartitions(terminal: TableView['terminal'], detail: TableDetail): void {
  const names = Object.keys(detail.partitions[0]?.values ?? {})
  terminal.print('')
  printTable(
    terminal,
    [
      ...names.map((name) => ({ name })),
      { name: 'rows', right: true },
      { name: 'files', right: true },
      { name: 'size', right: true },
    ],
    detail.partitions.map(({ values, rows, files, bytes }) => [
      ...names.map((name) => values[name] ?? 'null'),
      formatCount(rows),
      formatCount(files),
      formatBytes(bytes),
    ]),
  )
  const rest = detail.partitionCount - detail.partitions.length
  const more = rest > 0 ? `, of which ${formatCount(rest)} smaller ones are not shown` : ''
  terminal.print(
    terminal.style('dim', `${formatPlural(detail.partitionCount, 'partition')}${more}`),
  )
}
