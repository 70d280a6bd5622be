import { HyperMeshError, type IcebergType, quoteIdentifier } from '@hypermesh/contract'
import { castExpression, guarded } from './cast-expression.ts'
import { type CsvDialect, detectCsvDialect } from './csv-dialect.ts'
import { formatDuckDbType, parseDuckDbType } from './duckdb-type.ts'
import { toDuckDbType, toIcebergType } from './iceberg-types.ts'
import type { DuckSession } from './session.ts'
import {
  assertDistinctNames,
  assertOverridesKnown,
  assertTextWidth,
  type OpenedFile,
  quotePath,
  type Source,
  type SourceColumn,
  type TargetColumn,
} from './source-columns.ts'
import { reading } from './source-error.ts'
import { decodeHead, type FileHead } from './source-format.ts'
import { quoteText } from './sql-text.ts'

const rowsSampled = 20_480
const lineBytesMax = 2 * 1024 * 1024

/** The columns, dialect and formats of one delimited file. */
export interface CsvFile {
  readonly path: string
  readonly dialect: CsvDialect
  readonly header: boolean
  readonly names: readonly string[]
  readonly dateFormat: string | null
  readonly timestampFormat: string | null
}

export async function openCsv(
  session: DuckSession,
  format: 'csv' | 'tsv',
  head: FileHead,
  file: OpenedFile,
): Promise<Source> {
  const complete = head.bytes.length === head.fileBytes
  const dialect = detectCsvDialect(decodeHead(head), { format, complete })
  assertTextWidth(dialect.firstRecord.length, file)
  let inferredFrom: 'sample' | 'all' = file.wholeFile ? 'all' : 'sample'
  let seen = await sniff(session, file, dialect, file.wholeFile)
  if (!file.wholeFile && seen.columns.some((column) => column.allNull)) {
    // A column with no value in the sample says nothing of its type: look at every row.
    if (head.fileBytes > sampleBytesLeast) {
      seen = await sniff(session, file, dialect, true)
      inferredFrom = 'all'
    }
  }
  const { csv, columns } = seen
  return {
    format,
    bytes: head.fileBytes,
    columns,
    inferredFrom,
    options: describe(csv),
    select: (targets) => selectCsv(csv, columns, targets),
  }
}

/** A file below this has fewer rows than a sample, so the sample was all of it. */
const sampleBytesLeast = rowsSampled

function describe({ dialect, header, dateFormat, timestampFormat }: CsvFile) {
  return {
    delimiter: dialect.delimiter,
    quote: dialect.quote,
    escape: dialect.escape,
    header,
    ...(dialect.blankLines > 0 ? { blankLines: dialect.blankLines } : {}),
    ...(dateFormat === null ? {} : { dateFormat }),
    ...(timestampFormat === null ? {} : { timestampFormat }),
  }
}

interface Sniffed {
  readonly csv: CsvFile
  readonly columns: readonly SourceColumn[]
}

async function sniff(
  session: DuckSession,
  file: OpenedFile,
  dialect: CsvDialect,
  wholeFile: boolean,
): Promise<Sniffed> {
  const found = await askSniffer(session, file, dialect, wholeFile)
  const names = found.header
    ? [...dialect.firstRecord]
    : dialect.firstRecord.map((_, index) => `column${index}`)
  assertDistinctNames(names)
  assertOverridesKnown(file.overrides, names)
  const csv: CsvFile = { path: file.path, dialect, names, ...found }
  if (found.types.length !== names.length) {
    throw new HyperMeshError(
      'invalid',
      `the header has ${names.length} fields where rows have ${found.types.length}`,
      { details: { line: dialect.blankLines + 1 } },
    )
  }
  const types = await refine(session, csv, found.types, wholeFile ? undefined : rowsSampled)
  const columns = names.map((name, index) => {
    const override = file.overrides.get(name)
    const inferred = types[index] ?? { type: 'VARCHAR', allNull: false }
    return toColumn(name, inferred, override)
  })
  return { csv, columns }
}

function toColumn(
  name: string,
  inferred: { readonly type: string; readonly allNull: boolean },
  override: string | undefined,
): SourceColumn {
  const parsed = parseDuckDbType(override ?? inferred.type)
  return {
    name,
    sourceType: formatDuckDbType(parsed),
    type: toIcebergType(parsed),
    from: override === undefined ? 'inferred' : 'override',
    allNull: inferred.allNull && override === undefined,
  }
}

interface SnifferAnswer {
  readonly header: boolean
  readonly types: readonly string[]
  readonly dateFormat: string | null
  readonly timestampFormat: string | null
}

async function askSniffer(
  session: DuckSession,
  file: OpenedFile,
  dialect: CsvDialect,
  wholeFile: boolean,
): Promise<SnifferAnswer> {
  const sql = `SELECT HasHeader AS header, [c.type FOR c IN Columns] AS types,
    DateFormat AS dateFormat, TimestampFormat AS timestampFormat
    FROM sniff_csv(${quotePath(file.path)}, ${dialectOptions(dialect)},
      ignore_errors = false, sample_size = ${wholeFile ? -1 : rowsSampled})`
  try {
    const [row] = await session.rows(sql, { signal: file.signal })
    if (row === undefined) throw new HyperMeshError('invalid', 'the file could not be read as csv')
    return {
      header: row.header === true,
      types: row.types as string[],
      dateFormat: textOrNull(row.dateFormat),
      timestampFormat: textOrNull(row.timestampFormat),
    }
  } catch (error) {
    // The sniffer only says that no dialect fits; a plain read names the line.
    await reading(readAsText(session, file, dialect))
    throw await reading(Promise.reject(error)).catch((known: unknown) => known)
  }
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

async function readAsText(
  session: DuckSession,
  file: OpenedFile,
  dialect: CsvDialect,
): Promise<void> {
  const names = dialect.firstRecord.map((_, index) => `c${index}`)
  const columns = new Map(names.map((name) => [name, 'VARCHAR']))
  const csv = { path: file.path, dialect, header: false, names, ...noFormats }
  await session.run(`SELECT count(*) FROM ${readCsv(csv, columns)}`, { signal: file.signal })
}

const noFormats = { dateFormat: null, timestampFormat: null }

/**
 * The sniffer has no integers beyond 64 bits: it calls them DOUBLE, which would lose digits. Such
 * a column becomes HUGEINT, or VARCHAR past 38 digits. Tells also which columns have no value.
 */
async function refine(
  session: DuckSession,
  csv: CsvFile,
  types: readonly string[],
  rowsMax: number | undefined,
): Promise<{ type: string; allNull: boolean }[]> {
  const asked = types.flatMap((type, index) => {
    const name = quoteIdentifier(`c${index}`)
    if (isPlain(csv, index, type)) return []
    if (type === 'VARCHAR') return [`count(${name}) AS n${index}`]
    if (type !== 'DOUBLE') return []
    return [
      `bool_and(regexp_full_match(${name}, '\\s*[-+]?[0-9]+\\s*')) AS i${index}`,
      `max(length(${name})) AS l${index}`,
    ]
  })
  if (asked.length === 0) return types.map((type) => ({ type, allNull: false }))
  const plain: CsvFile = { ...csv, names: csv.names.map((_, index) => `c${index}`), ...noFormats }
  const text = new Map(plain.names.map((name) => [name, 'VARCHAR']))
  const limit = rowsMax === undefined ? '' : ` LIMIT ${rowsMax}`
  const sql = `SELECT ${asked.join(', ')} FROM (SELECT * FROM ${readCsv(plain, text)}${limit})`
  const [row = {}] = await reading(session.rows(sql))
  return types.map((type, index) => {
    if (row[`i${index}`] === true) {
      return { type: Number(row[`l${index}`]) <= 38 ? 'HUGEINT' : 'VARCHAR', allNull: false }
    }
    return { type, allNull: row[`n${index}`] !== undefined && Number(row[`n${index}`]) === 0 }
  })
}

/** Whether the first records already settle it: there is a text, or a number with a fraction. */
function isPlain(csv: CsvFile, index: number, type: string): boolean {
  const values = csv.dialect.records.slice(csv.header ? 1 : 0).map((record) => record[index] ?? '')
  if (type === 'VARCHAR') return values.some((value) => value !== '')
  return values.some((value) => /^\s*[-+]?\d*\.\d*[1-9]\s*$/.test(value))
}

function dialectOptions(dialect: CsvDialect): string {
  return [
    `delim = ${quoteText(dialect.delimiter)}`,
    `quote = ${quoteText(dialect.quote)}`,
    `escape = ${quoteText(dialect.escape)}`,
    `skip = ${dialect.blankLines}`,
    "comment = ''",
    "compression = 'none'",
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

/** Nothing left to detect: dialect, header, names and types are what was settled before. */
export function readCsv(
  csv: CsvFile,
  readAs: ReadonlyMap<string, string>,
  leavesOut?: CsvRejects,
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
    dialectOptions(csv.dialect),
    ...(leavesOut === undefined
      ? ['ignore_errors = false']
      : [
          'store_rejects = true',
          `rejects_table = ${quoteText(leavesOut.rejects)}`,
          `rejects_scan = ${quoteText(`${leavesOut.rejects}_scans`)}`,
          `rejects_limit = ${leavesOut.rejectsMax}`,
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

function selectCsv(
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
  const inner = `SELECT ${casts.join(', ')} FROM ${readCsv(csv, readAs)}`
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
  const sql = quoteIdentifier(column.name)
  const target = toDuckDbType(to)
  if (column.from === 'override') {
    const from = parseDuckDbType(column.sourceType)
    return { readAs: column.sourceType, expression: castExpression(sql, from, to) }
  }
  const cast = `CAST(${sql} AS ${target})`
  const changed = `CAST(${converted} AS VARCHAR) IS DISTINCT FROM ${sql}`
  const lossy = lossyText(sql, target)
  const formatted =
    (column.sourceType === 'DATE' && csv.dateFormat !== null) ||
    (column.sourceType.startsWith('TIMESTAMP') && csv.timestampFormat !== null)
  if (formatted && target !== 'VARCHAR') {
    const from = parseDuckDbType(column.sourceType)
    return { readAs: column.sourceType, expression: castExpression(sql, from, to) }
  }
  if (lossy === undefined) return { readAs: target, expression: sql }
  const isLossy = target.startsWith('TIMESTAMP') ? lossy : `${changed} AND ${lossy}`
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
