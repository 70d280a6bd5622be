import { join } from 'node:path'
import { HyperMeshError, quoteIdentifier } from '@hypermesh/contract'
import { exactText, type KeyColumn, keyExpression } from './layout-key.ts'
import {
  type CopiedFile,
  type CopyOptions,
  copyOneFile,
  rowGroupRows,
  splitBytesLeast,
} from './parquet-writer.ts'
import type { DuckSession } from './session.ts'
import { reading } from './source-error.ts'

export interface SortKey extends KeyColumn {
  readonly direction: 'asc' | 'desc'
  readonly nullOrder: 'nulls-first' | 'nulls-last'
}

/** Files of one partition each, their rows in order. */
export interface CopyLayout {
  readonly partition: readonly KeyColumn[]
  readonly sort: readonly SortKey[]
  readonly partitionsMax: number
}

/** What is the same in all rows of a file, and a value of the column that it was made of. */
export interface WrittenKey {
  readonly value: string | null
  readonly source: string | null
}

export interface LaidOutFile extends CopiedFile {
  /** As `exactText` has them, one for each partition column. */
  readonly partition: readonly WrittenKey[]
}

const table = 'laid_out'

/**
 * Writes the source with its rows parted and ordered. They are sorted into a table of the session
 * first, which DuckDB spills: then a file is open at a time, however many partitions there are, and
 * its rows are in order, which a COPY that splits or partitions does not promise.
 */
export async function copyLaidOut(
  session: DuckSession,
  options: CopyOptions,
  layout: CopyLayout,
): Promise<LaidOutFile[]> {
  const { source, columns, directory, signal } = options
  const select = await sortRows(session, options, layout)
  try {
    const runs = await findRuns(session, options, layout)
    const rows = runs.reduce((sum, run) => sum + run.rows, 0)
    const rowsMax = rowsPerFile(source.bytes, rows)
    const files: LaidOutFile[] = []
    for (const { first, rows, keys } of runs) {
      for (let start = first; start < first + rows; start += rowsMax) {
        const end = Math.min(start + rowsMax, first + rows)
        const path = join(directory, `data_${files.length}.parquet`)
        const sql = `${select} WHERE rowid >= ${start} AND rowid < ${end}`
        const file = await copyOneFile(session, { sql, path, columns, signal })
        if (file?.rows !== end - start) {
          throw new HyperMeshError('internal', 'a part of the sorted rows was not written')
        }
        files.push({ ...file, partition: keys })
      }
    }
    return files
  } finally {
    if (!signal?.aborted) await session.run(`DROP TABLE IF EXISTS ${table}`)
  }
}

/** Returns the SELECT of the rows as they are to be written. */
async function sortRows(
  session: DuckSession,
  { source, columns, signal }: CopyOptions,
  { partition, sort }: CopyLayout,
): Promise<string> {
  const names = columns.map(({ name }) => quoteIdentifier(name))
  const present = new Set(columns.map(({ name }) => name))
  const keys = partition.map((key, index) => {
    return `${keyOf(key, present)} AS ${keyName(index, present)}`
  })
  const order = [
    ...partition.map((_, index) => keyName(index, present)),
    ...sort.map((key) => {
      const nulls = key.nullOrder === 'nulls-first' ? 'NULLS FIRST' : 'NULLS LAST'
      return `${keyOf(key, present)} ${key.direction === 'desc' ? 'DESC' : 'ASC'} ${nulls}`
    }),
  ]
  await source.stage?.()
  const sql = `CREATE OR REPLACE TEMP TABLE ${table} AS
    SELECT ${[...names, ...keys].join(', ')} FROM (${source.select(columns)})
    ORDER BY ${order.join(', ')}`
  await reading(session.run(sql, { signal }))
  return `SELECT ${names.join(', ')} FROM ${table}`
}

/** A column that the source lacks is null in every row. */
function keyOf(key: KeyColumn, present: ReadonlySet<string>): string {
  return present.has(key.path[0] ?? '') ? keyExpression(key) : 'CAST(NULL AS VARCHAR)'
}

/** A name that no column has: the longest of them, and more. */
function keyName(index: number, present: ReadonlySet<string>): string {
  const longest = Math.max(...[...present].map((name) => name.length))
  return `k${index}_${'_'.repeat(longest)}`
}

interface Run {
  readonly first: number
  readonly rows: number
  readonly keys: readonly WrittenKey[]
}

/** The partitions in the order of their rows, which follow one another. */
async function findRuns(
  session: DuckSession,
  { columns, signal }: CopyOptions,
  { partition, partitionsMax }: CopyLayout,
): Promise<Run[]> {
  const present = new Set(columns.map(({ name }) => name))
  const keys = partition.map((_, index) => keyName(index, present))
  const texts = partition.flatMap((key, index) => {
    if (!present.has(key.path[0] ?? '')) return [`NULL AS v${index}`, `NULL AS s${index}`]
    const source = `any_value(${key.path.map(quoteIdentifier).join('.')})`
    return [
      `${exactText(keys[index] ?? '', resultType(key))} AS v${index}`,
      `${exactText(source, key.type)} AS s${index}`,
    ]
  })
  const found = await session.rows(
    `SELECT ${['count(*) AS n', 'min(rowid) AS first', ...texts].join(', ')} FROM ${table}
    ${keys.length === 0 ? '' : `GROUP BY ${keys.join(', ')}`}
    ORDER BY first LIMIT ${partitionsMax + 1}`,
    { signal },
  )
  if (found.length > partitionsMax) {
    throw new HyperMeshError('too_large', `the load makes more than ${partitionsMax} partitions`, {
      details: { limit: 'load_partitions_max', loadPartitionsMax: partitionsMax },
    })
  }
  let next = 0
  const runs = found.map((row) => {
    const run = { first: Number(row.first ?? 0), rows: Number(row.n) }
    if (run.first !== next) throw new HyperMeshError('internal', 'sorted rows are not in order')
    next += run.rows
    const keys = partition.map((_, index) => {
      return { value: textOf(row[`v${index}`]), source: textOf(row[`s${index}`]) }
    })
    return { ...run, keys }
  })
  return runs.filter(({ rows }) => rows > 0)
}

const textOf = (value: unknown) => (value === null || value === undefined ? null : String(value))

function resultType({ transform, type }: KeyColumn): string {
  if (transform.kind === 'day') return 'date'
  return transform.kind === 'identity' || transform.kind === 'truncate' ? type : 'int'
}

/** Whole row groups, so many that a file comes from about as many bytes as one that is split. */
function rowsPerFile(bytes: number, rows: number): number {
  const groups = Math.floor((rows * splitBytesLeast) / Math.max(bytes, 1) / rowGroupRows)
  return Math.max(groups, 1) * rowGroupRows
}
