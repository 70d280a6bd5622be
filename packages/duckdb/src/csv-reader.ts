import { type IcebergType, quoteIdentifier } from '@hypermesh/contract'
import { castExpression, guarded } from './cast-expression.ts'
import type { CsvDialect } from './csv-dialect.ts'
import { parseDuckDbType } from './duckdb-type.ts'
import { toDuckDbType } from './iceberg-types.ts'
import { quotePath, type SourceColumn, type TargetColumn } from './source-columns.ts'
import { quoteText } from './sql-text.ts'

const lineBytesMax = 2 * 1024 * 1024

/** The columns, dialect and formats of one delimited file. */
export interface CsvFile {
  readonly path: string
  /** DuckDB unpacks it where its name ends in .gz or .zst. */
  readonly unpacksByName?: boolean
  readonly dialect: CsvDialect
  readonly header: boolean
  readonly names: readonly string[]
  readonly dateFormat: string | null
  readonly timestampFormat: string | null
  /** Not only columns of text may have two quotes with nothing between them: they mean null there. */
  readonly quotedEmpties: boolean
}

export function dialectOptions({
  dialect,
  unpacksByName = false,
}: Pick<CsvFile, 'dialect' | 'unpacksByName'>): string {
  return [
    `delim = ${quoteText(dialect.delimiter)}`,
    `quote = ${quoteText(dialect.quote)}`,
    `escape = ${quoteText(dialect.escape)}`,
    `skip = ${dialect.blankLines}`,
    "comment = ''",
    `compression = ${quoteText(unpacksByName ? 'auto' : 'none')}`,
    'strict_mode = true',
    'null_padding = false',
    `max_line_size = ${lineBytesMax}`,
    // A directory that is called like a column would give its value instead of the file's.
    'hive_partitioning = false',
  ].join(', ')
}

/** Leaves rows out that do not split into the columns or cannot be converted. */
export interface CsvRejects {
  /** A table of this connection that is made, and tells which those were. */
  readonly rejects: string
  readonly rejectsMax: number
}

export interface CsvReading extends Partial<CsvRejects> {
  /** Two quotes with nothing between them are an empty text; else null, as nothing at all is. */
  readonly keepsEmptyTexts?: boolean
}

/** Nothing left to detect: dialect, header, names and types are what was settled before. */
export function readCsv(
  csv: CsvFile,
  readAs: ReadonlyMap<string, string>,
  { keepsEmptyTexts = false, rejects, rejectsMax = 0 }: CsvReading = {},
): string {
  const columns = csv.names.map((name) => {
    return `${quoteText(name)}: ${quoteText(readAs.get(name) ?? 'VARCHAR')}`
  })
  const formats = [
    ...(csv.dateFormat === null ? [] : [`dateformat = ${quoteText(csv.dateFormat)}`]),
    ...(csv.timestampFormat === null
      ? []
      : [`timestampformat = ${quoteText(csv.timestampFormat)}`]),
  ]
  const options = [
    'auto_detect = false',
    dialectOptions(csv),
    `allow_quoted_nulls = ${!keepsEmptyTexts}`,
    ...(rejects === undefined
      ? ['ignore_errors = false']
      : [
          'store_rejects = true',
          `rejects_table = ${quoteText(rejects)}`,
          `rejects_scan = ${quoteText(`${rejects}_scans`)}`,
          `rejects_limit = ${rejectsMax}`,
        ]),
    `header = ${csv.header}`,
    `columns = {${columns.join(', ')}}`,
    ...formats,
  ]
  return `read_csv(${quotePath(csv.path)}, ${options.join(', ')})`
}

function freePrefix(names: readonly string[]): string {
  let prefix = 'converted_'
  while (names.some((name) => name.toLowerCase().startsWith(prefix))) prefix = `_${prefix}`
  return prefix
}

interface ReadPlan {
  readonly readAs: string
  readonly cast?: string
  readonly expression: string
}

export function selectCsv(
  csv: CsvFile,
  columns: readonly SourceColumn[],
  targets: readonly TargetColumn[],
): string {
  const byName = new Map(columns.map((column) => [column.name, column]))
  const readAs = new Map<string, string>()
  const casts: string[] = []
  // Converted values get names of their own, so that each is computed once.
  const prefix = freePrefix(csv.names)
  const items = targets.map((target, index) => {
    const column = byName.get(target.sourceName)
    if (column === undefined) throw new RangeError(`no source column ${target.sourceName}`)
    const converted = quoteIdentifier(`${prefix}${index}`)
    const plan = planColumn(csv, { column, converted }, target.type)
    readAs.set(column.name, plan.readAs)
    casts.push(quoteIdentifier(column.name))
    if (plan.cast !== undefined) casts.push(`${plan.cast} AS ${converted}`)
    return `${plan.expression} AS ${quoteIdentifier(target.name)}`
  })
  const inner = `SELECT ${casts.join(', ')} FROM ${readCsv(csv, readAs, { keepsEmptyTexts: true })}`
  return `SELECT ${items.join(', ')} FROM (${inner})`
}

/**
 * DuckDB's own conversion of text rounds 1.5 to 2 for an integer, drops the time of day for a DATE
 * and leading zeros for a number. Where a type was inferred, such a value is an error instead (the
 * file is then looked at as a whole); an override is DuckDB's cast, as asked for.
 */
function planColumn(
  csv: CsvFile,
  { column, converted }: { readonly column: SourceColumn; readonly converted: string },
  to: IcebergType,
): ReadPlan {
  const target = toDuckDbType(to)
  if (target !== 'VARCHAR' && csv.quotedEmpties) return planText(csv, { column, converted }, to)
  const sql = quoteIdentifier(column.name)
  const isFormatted = target !== 'VARCHAR' && formatOf(csv, column) !== null
  if (column.from === 'override' || isFormatted) {
    const from = parseDuckDbType(column.sourceType)
    return { readAs: column.sourceType, expression: castExpression(sql, from, to) }
  }
  if (lossyText(sql, target) === undefined) return { readAs: target, expression: sql }
  return planExact(sql, { column, converted }, target)
}

/** Reads a value as text, so that one of two quotes with nothing between them can be null. */
function planText(
  csv: CsvFile,
  { column, converted }: { readonly column: SourceColumn; readonly converted: string },
  to: IcebergType,
): ReadPlan {
  const sql = `nullif(${quoteIdentifier(column.name)}, '')`
  const target = toDuckDbType(to)
  const format = formatOf(csv, column)
  if (column.from === 'override' || format !== null) {
    const from = parseDuckDbType(column.sourceType)
    const value = format === null ? sql : `strptime(${sql}, ${quoteText(format)})`
    const typed = `CAST(${value} AS ${column.sourceType})`
    return { readAs: 'VARCHAR', expression: castExpression(typed, from, to) }
  }
  if (lossyText(sql, target) !== undefined) return planExact(sql, { column, converted }, target)
  return { readAs: 'VARCHAR', expression: `CAST(${sql} AS ${target})` }
}

/** How a column's dates or times are written, where not as DuckDB's own casts read them. */
function formatOf(csv: CsvFile, { sourceType }: SourceColumn): string | null {
  if (sourceType === 'DATE') return csv.dateFormat
  return sourceType.startsWith('TIMESTAMP') ? csv.timestampFormat : null
}

function planExact(
  sql: string,
  { column, converted }: { readonly column: SourceColumn; readonly converted: string },
  target: string,
): ReadPlan {
  const cast = `CAST(${sql} AS ${target})`
  const changed = `CAST(${converted} AS VARCHAR) IS DISTINCT FROM ${sql}`
  const lossy = lossyText(sql, target)
  const isLossy = target.startsWith('TIMESTAMP') ? `${lossy}` : `${changed} AND ${lossy}`
  const label = `${target} in ${column.name}:`
  return { readAs: 'VARCHAR', cast, expression: guarded(sql, isLossy, converted, label) }
}

/** Whether text that DuckDB would convert would lose something; undefined: it never does. */
export function lossyText(sql: string, target: string): string | undefined {
  const text = `trim(${sql})`
  if (target === 'BIGINT' || target === 'INTEGER') {
    return `NOT regexp_full_match(${text}, '[-+]?(0|[1-9][0-9]*)')`
  }
  if (target.startsWith('DECIMAL')) {
    const scale = Number(/,(\d+)\)/.exec(target)?.[1] ?? 0)
    return `NOT regexp_full_match(${text}, '[-+]?(0|[1-9][0-9]*)?(\\.[0-9]{0,${scale}}0*)?')`
  }
  if (target === 'DATE') return `contains(${sql}, ':')`
  if (target.startsWith('TIMESTAMP')) {
    return `length(${sql}) > 26 AND regexp_matches(${sql}, '\\.[0-9]{6}0*[1-9]')`
  }
  return undefined
}
