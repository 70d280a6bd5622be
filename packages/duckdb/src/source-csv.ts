import { HyperMeshError, quoteIdentifier } from '@hypermesh/contract'
import { type CsvDialect, detectCsvDialect } from './csv-dialect.ts'
import { type CsvFile, dialectOptions, readCsv, selectCsv } from './csv-reader.ts'
import { formatDuckDbType, parseDuckDbType } from './duckdb-type.ts'
import { toIcebergType } from './iceberg-types.ts'
import type { DuckSession } from './session.ts'
import {
  assertDistinctNames,
  assertOverridesKnown,
  assertTextWidth,
  type OpenedFile,
  quotePath,
  type Source,
  type SourceColumn,
} from './source-columns.ts'
import { reading } from './source-error.ts'
import { decodeHead, type FileHead } from './source-format.ts'

/** What types are inferred from, unless every row is asked for. */
export const csvRowsSampled = 20_480

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
  return toSource({ format, bytes: head.fileBytes, inferredFrom, ...seen })
}

interface OpenedCsv extends Sniffed {
  readonly format: 'csv' | 'tsv'
  readonly bytes: number
  readonly inferredFrom: 'sample' | 'all'
}

function toSource(opened: OpenedCsv): Source {
  const { format, bytes, columns, inferredFrom, csv } = opened
  const { names, dialect } = csv
  // Where values hold line ends, or a row may be an empty line, a line is no record.
  const linesAreRecords =
    names.length > 1 &&
    !dialect.records.some((record) => record.some((text) => /[\r\n]/.test(text)))
  const rest = { ...csv, header: false, dialect: { ...dialect, blankLines: 0 } }
  return {
    format,
    bytes,
    columns,
    inferredFrom,
    options: describe(csv),
    select: (targets) => selectCsv(csv, columns, targets),
    ...(linesAreRecords && {
      continuedBy: (file) =>
        toSource({ ...opened, bytes: file.bytes, csv: { ...rest, path: file.path } }),
    }),
  }
}

/** A file below this has fewer rows than a sample, so the sample was all of it. */
const sampleBytesLeast = csvRowsSampled

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
  const { path, unpacksByName } = file
  const csv: CsvFile = { path, unpacksByName, dialect, names, quotedEmpties: false, ...found }
  if (found.types.length !== names.length) {
    throw new HyperMeshError(
      'invalid',
      `the header has ${names.length} fields where rows have ${found.types.length}`,
      { details: { line: dialect.blankLines + 1 } },
    )
  }
  const rowsMax = wholeFile ? undefined : csvRowsSampled
  const { types, ...seen } = await refine(session, csv, found.types, rowsMax)
  const quotedEmpties = file.quotedEmptiesAnywhere || dialect.quotedEmpties || seen.quotedEmpties
  const columns = names.map((name, index) => {
    const override = file.overrides.get(name)
    const inferred = types[index] ?? { type: 'VARCHAR', allNull: false }
    return toColumn(name, inferred, override)
  })
  return { csv: { ...csv, quotedEmpties }, columns }
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
    FROM sniff_csv(${quotePath(file.path)}, ${dialectOptions({ ...file, dialect })},
      ignore_errors = false, sample_size = ${wholeFile ? -1 : csvRowsSampled})`
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
  const { path, unpacksByName } = file
  const form = { path, unpacksByName, dialect, header: false, names }
  const csv = { ...form, ...noFormats, quotedEmpties: true }
  await session.run(`SELECT count(*) FROM ${readCsv(csv, columns)}`, { signal: file.signal })
}

const noFormats = { dateFormat: null, timestampFormat: null }

interface Refined {
  readonly types: readonly { readonly type: string; readonly allNull: boolean }[]
  /** Told where every row is looked at. */
  readonly quotedEmpties: boolean
}

/**
 * The sniffer has no integers beyond 64 bits: it calls them DOUBLE, which would lose digits. Such
 * a column becomes HUGEINT, or VARCHAR past 38 digits. Tells also which columns have no value.
 */
async function refine(
  session: DuckSession,
  csv: CsvFile,
  types: readonly string[],
  rowsMax: number | undefined,
): Promise<Refined> {
  const asked = types.flatMap((type, index) => {
    const text = quoteIdentifier(`c${index}`)
    const value = `nullif(${text}, '')`
    const empties = rowsMax === undefined ? [`bool_or(${text} = '') AS q${index}`] : []
    if (isPlain(csv, index, type)) return empties
    if (type === 'VARCHAR') return [...empties, `count(${value}) AS n${index}`]
    if (type !== 'DOUBLE') return empties
    return [
      ...empties,
      `bool_and(regexp_full_match(${value}, '\\s*[-+]?[0-9]+\\s*')) AS i${index}`,
      `max(length(${value})) AS l${index}`,
    ]
  })
  if (asked.length === 0) {
    return { types: types.map((type) => ({ type, allNull: false })), quotedEmpties: false }
  }
  const plain: CsvFile = { ...csv, names: csv.names.map((_, index) => `c${index}`), ...noFormats }
  const text = new Map(plain.names.map((name) => [name, 'VARCHAR']))
  const limit = rowsMax === undefined ? '' : ` LIMIT ${rowsMax}`
  const from = readCsv(plain, text, { keepsEmptyTexts: true })
  const sql = `SELECT ${asked.join(', ')} FROM (SELECT * FROM ${from}${limit})`
  const [row = {}] = await reading(session.rows(sql))
  const refined = types.map((type, index) => {
    if (row[`i${index}`] === true) {
      return { type: Number(row[`l${index}`]) <= 38 ? 'HUGEINT' : 'VARCHAR', allNull: false }
    }
    return { type, allNull: row[`n${index}`] !== undefined && Number(row[`n${index}`]) === 0 }
  })
  return { types: refined, quotedEmpties: types.some((_, index) => row[`q${index}`] === true) }
}

/** Whether the first records already settle it: there is a text, or a number with a fraction. */
function isPlain(csv: CsvFile, index: number, type: string): boolean {
  const values = csv.dialect.records.slice(csv.header ? 1 : 0).map((record) => record[index] ?? '')
  if (type === 'VARCHAR') return values.some((value) => value !== '')
  return values.some((value) => /^\s*[-+]?\d*\.\d*[1-9]\s*$/.test(value))
}
