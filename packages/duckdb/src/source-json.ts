import { HyperMeshError, quoteIdentifier } from '@hypermesh/contract'
import { castExpression } from './cast-expression.ts'
import { parseDuckDbType } from './duckdb-type.ts'
import { toDuckDbType } from './iceberg-types.ts'
import { refineJsonTypes } from './json-column-types.ts'
import type { DuckSession } from './session.ts'
import {
  assertDistinctNames,
  assertTextWidth,
  type OpenedFile,
  quotePath,
  type Source,
  type SourceColumn,
  type TargetColumn,
  toldColumns,
} from './source-columns.ts'
import { reading } from './source-error.ts'
import { decodeHead, type FileHead, hasByteOrderMark } from './source-format.ts'
import { quoteText } from './sql-text.ts'

const objectBytesMax = 64 * 1024 * 1024

/** How DuckDB is told to read one JSON file. */
interface JsonFile {
  readonly path: string
  /** DuckDB unpacks it where its name ends in .gz or .zst. */
  readonly unpacksByName?: boolean
  readonly layout: 'newline_delimited' | 'array' | 'unstructured'
  /** Many keys that seldom appear make DuckDB see a MAP; at the top they are columns all the same. */
  readonly sparse: boolean
}

/**
 * JSON is always inferred from every row: DuckDB would round a later 1.5 to fit a sample's BIGINT,
 * and take a later "7" for a number.
 */
export async function openJson(
  session: DuckSession,
  format: 'json' | 'ndjson',
  head: FileHead,
  file: OpenedFile,
): Promise<Source> {
  if (hasByteOrderMark(head)) {
    throw new HyperMeshError('invalid', 'the file begins with a byte order mark; remove it', {
      details: { reason: 'byte-order-mark' },
    })
  }
  const layout = layoutOf(format, head)
  const { path, unpacksByName } = file
  const plain: JsonFile = { path, unpacksByName, layout, sparse: false }
  const { json, described } = await describe(session, plain, file)
  assertTextWidth(described.size, file)
  await assertKeys(session, json, [...described.keys()], file)
  const columns = toldColumns(described, file.overrides, 'inferred')
  const read = (readAs: ReadonlyMap<string, string>) => readJson(json, readAs)
  const source = await refineJsonTypes(session, columns, read, file.signal)
  return {
    format,
    bytes: head.fileBytes,
    columns: source,
    inferredFrom: 'all',
    options: { layout },
    select: (targets) => selectJson(json, source, targets),
  }
}

function layoutOf(format: 'json' | 'ndjson', head: FileHead): JsonFile['layout'] {
  const text = decodeHead(head).trimStart()
  if (text === '' && head.bytes.length === head.fileBytes) {
    throw new HyperMeshError('invalid', 'the file holds no rows')
  }
  if (format === 'ndjson') {
    if (!text.startsWith('[')) return 'newline_delimited'
    throw new HyperMeshError('invalid', 'the file is a JSON array, not ndjson; say format=json')
  }
  if (text.startsWith('{')) return 'unstructured'
  if (!text.startsWith('[')) throw notRecords()
  if (/^\[\s*\]\s*$/.test(text)) {
    throw new HyperMeshError('invalid', 'the JSON array is empty; it names no columns')
  }
  return 'array'
}

function notRecords(): HyperMeshError {
  return new HyperMeshError(
    'invalid',
    'the JSON is not a list of objects; send an array of objects, or an object a line',
  )
}

async function describe(
  session: DuckSession,
  json: JsonFile,
  file: OpenedFile,
): Promise<{ json: JsonFile; described: ReadonlyMap<string, string> }> {
  try {
    const rows = await reading(
      session.rows(`DESCRIBE SELECT * FROM ${readJson(json)}`, { signal: file.signal }),
    )
    const described = new Map(rows.map((row) => [String(row.column_name), String(row.column_type)]))
    return { json, described }
  } catch (error) {
    const isRecords = error instanceof HyperMeshError && /not a list of objects/.test(error.message)
    if (json.sparse || !isRecords) throw error
    return describe(session, { ...json, sparse: true }, file)
  }
}

function readJson(json: JsonFile, columns?: ReadonlyMap<string, string>): string {
  const options = [
    `format = ${quoteText(json.layout)}`,
    'records = true',
    compressionOf(json),
    'ignore_errors = false',
    `maximum_object_size = ${objectBytesMax}`,
    // A directory that is called like a column would give its value instead of the file's.
    'hive_partitioning = false',
    ...(json.sparse ? ['map_inference_threshold = -1', 'field_appearance_threshold = 0'] : []),
  ]
  if (columns === undefined) options.push('sample_size = -1')
  else {
    const entries = [...columns].map(([name, type]) => `${quoteText(name)}: ${quoteText(type)}`)
    options.push(`columns = {${entries.join(', ')}}`)
  }
  return `read_json(${quotePath(json.path)}, ${options.join(', ')})`
}

function compressionOf({ unpacksByName = false }: Pick<JsonFile, 'unpacksByName'>): string {
  return `compression = ${quoteText(unpacksByName ? 'auto_detect' : 'uncompressed')}`
}

/** The values themselves, as the file has them, in the column `json`. */
export function readJsonObjects(json: Omit<JsonFile, 'sparse'>): string {
  return `read_json_objects(${quotePath(json.path)}, format = ${quoteText(json.layout)},
    ${compressionOf(json)}, maximum_object_size = ${objectBytesMax},
    hive_partitioning = false)`
}

/**
 * DuckDB renames keys that differ only in case, and an empty one, in silence. Names of that look
 * are checked against the keys themselves.
 */
async function assertKeys(
  session: DuckSession,
  json: JsonFile,
  names: readonly string[],
  file: OpenedFile,
): Promise<void> {
  const folded = new Set(names.map((name) => name.toLowerCase()))
  const suspicious = names.some((name) => {
    const stem = /^(.*)_\d+$/s.exec(name)?.[1]
    return /^c\d+$/i.test(name) || (stem !== undefined && folded.has(stem.toLowerCase()))
  })
  if (!suspicious) return
  const objects = readJsonObjects(json)
  const rows = await reading(
    session.rows(`SELECT DISTINCT unnest(json_keys(json)) AS key FROM ${objects} ORDER BY key`, {
      signal: file.signal,
    }),
  )
  assertDistinctNames(rows.map((row) => String(row.key)))
}

function selectJson(
  json: JsonFile,
  columns: readonly SourceColumn[],
  targets: readonly TargetColumn[],
): string {
  const readAs = new Map(columns.map((column) => [column.name, column.sourceType]))
  let rereads = false
  const items = targets.map((target) => {
    const column = columns.find((candidate) => candidate.name === target.sourceName)
    if (column === undefined) throw new RangeError(`no source column ${target.sourceName}`)
    const read = readType(column, target)
    if (read !== column.sourceType || column.from === 'override') rereads = true
    readAs.set(column.name, read)
    const name = quoteIdentifier(column.name)
    const json = column.from === 'inferred' ? 'bare' : 'exact'
    const value = castExpression(name, parseDuckDbType(read), target.type, json)
    return `${value} AS ${quoteIdentifier(target.name)}`
  })
  // With no type of ours DuckDB repeats its own inference, which also knows formats of dates.
  return `SELECT ${items.join(', ')} FROM ${readJson(json, rereads ? readAs : undefined)}`
}

/** Text for a text column is the text that stands in the file, not a date printed again. */
function readType(column: SourceColumn, target: TargetColumn): string {
  const wanted = toDuckDbType(target.type)
  if (target.reread) return wanted
  const isTime = /^(DATE|TIME|UUID)/.test(column.sourceType)
  return wanted === 'VARCHAR' && isTime && column.from === 'inferred' ? wanted : column.sourceType
}
