import { type CallDetail, type ScanDetail, toWireLong } from '@hypermesh/contract'
import { type DuckSession, quotePath, type ScanFilter } from '@hypermesh/duckdb'
import type { ScanPlan } from '@hypermesh/iceberg'
import { pathOf } from './file-schemas.ts'
import type { ResolvedTable } from './resolved-table.ts'
import type { Scan } from './scan-view.ts'

export interface PlannedScan {
  readonly table: ResolvedTable
  readonly filter: ScanFilter | undefined
  readonly plan: ScanPlan
  readonly scan: Scan
}

/** What of each table is read, in figures. */
export async function scanDetails(
  session: DuckSession,
  scans: readonly PlannedScan[],
  signal: AbortSignal,
): Promise<ScanDetail[]> {
  const details: ScanDetail[] = []
  for (const { table, filter, plan, scan } of scans) {
    details.push({
      table: table.label,
      snapshotId: table.snapshotId === undefined ? null : toWireLong(table.snapshotId),
      filter: filter === undefined ? null : filterText(filter),
      total: plan.total,
      afterPartitions: plan.afterPartitions,
      afterBounds: plan.planned,
      deletes: plan.deletes,
      touchedFiles: scan.positionDeletes.size,
      rowGroups: await countRowGroups(session, plan, signal),
    })
  }
  return details
}

async function countRowGroups(
  session: DuckSession,
  { files }: ScanPlan,
  signal: AbortSignal,
): Promise<number> {
  if (files.length === 0) return 0
  const paths = files.map((file) => quotePath(pathOf(file))).join(', ')
  const sql = `SELECT sum(num_row_groups)::BIGINT AS n FROM parquet_file_metadata([${paths}])`
  const [row] = await session.rows(sql, { signal })
  return Number(row?.n)
}

/** The same for people: one row of the plan for each table. */
export function scanRow(detail: ScanDetail): { key: string; value: string } {
  const { total, afterPartitions, afterBounds, deletes, filter } = detail
  const stages = [
    ['in the table', total],
    ['after partitions', afterPartitions],
    ['after bounds', afterBounds],
  ] as const
  const lines = stages.map(
    ([stage, { files, bytes, rows }]) =>
      `${stage.padEnd(17)}${files} files, ${rows} rows, ${bytes} bytes`,
  )
  const applied = `${deletes.files} files, ${deletes.rows} entries, on ${detail.touchedFiles} files by position`
  return {
    key: `scan of ${detail.table}`,
    value: [
      `${'snapshot'.padEnd(17)}${detail.snapshotId ?? 'none'}`,
      `${'filter'.padEnd(17)}${filter ?? 'none'}`,
      ...lines,
      `${'deletes applied'.padEnd(17)}${applied}`,
      `${'row groups'.padEnd(17)}${detail.rowGroups}`,
    ].join('\n'),
  }
}

export function callRow(detail: CallDetail): { key: string; value: string } {
  const { function: name, pushed, rows } = detail
  return {
    key: `call of ${name}`,
    value: `${'pushed down'.padEnd(17)}${pushed ?? 'nothing'}\n${'rows'.padEnd(17)}${rows}`,
  }
}

function filterText(filter: ScanFilter): string {
  const value = ({ text }: { text: string | null }) => text ?? 'NULL'
  switch (filter.op) {
    case 'and':
    case 'or':
      return `(${filter.children.map(filterText).join(` ${filter.op.toUpperCase()} `)})`
    case 'in':
      return `${filter.column} IN (${filter.values.map(value).join(', ')})`
    case 'is-null':
      return `${filter.column} IS NULL`
    case 'is-not-null':
      return `${filter.column} IS NOT NULL`
    default:
      return `${filter.column} ${filter.op} ${value(filter.value)}`
  }
}
