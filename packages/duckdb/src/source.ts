import {
  type Compression,
  type FileFormat,
  HyperMeshError,
  parseColumnName,
} from '@hypermesh/contract'
import { parseDuckDbType } from './duckdb-type.ts'
import type { DuckSession } from './session.ts'
import { openArrow } from './source-arrow.ts'
import type { OpenedFile, Source, SourceColumn } from './source-columns.ts'
import type { HeadInPlace } from './source-compression.ts'
import { openCsv } from './source-csv.ts'
import { reading, typesMayChange } from './source-error.ts'
import {
  type FileHead,
  type FormatHints,
  hasByteOrderMark,
  hintedFormat,
  readHead,
  settleFormat,
} from './source-format.ts'
import { openJson } from './source-json.ts'
import { openParquet } from './source-parquet.ts'

export interface SourceOptions extends FormatHints {
  readonly path: string
  /** Of the file unpacked, where DuckDB unpacks it, as the ending of its name says. */
  readonly unpackedHead?: HeadInPlace | undefined
  /** Column name → SQL type, instead of what would be inferred. */
  readonly types?: Readonly<Record<string, string>> | undefined
  /** Infer from every row rather than from a sample. */
  readonly wholeFile?: boolean | undefined
  /** For the SELECT to stand where a number that is missing comes as `""`, which slows it. */
  readonly quotedEmptiesAnywhere?: boolean | undefined
  readonly columnsMax?: number | undefined
  /** Of a CSV, TSV or JSON file. */
  readonly textColumnsMax?: number | undefined
  /** Of one record batch, unpacked. */
  readonly arrowBatchBytesMax?: number | undefined
  /** Of all batches of a file, unless the file itself is larger. */
  readonly unpackedBytesMax?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** The format that `inferSource` will take, from what is told and from the first bytes. */
export async function detectFormat(options: {
  readonly path: string
  readonly hints: FormatHints
}): Promise<{ readonly format: FileFormat; readonly byteOrderMark: boolean }> {
  const head = await readHead(options.path)
  const format = settleFormat(head, hintedFormat(options.hints))
  return { format, byteOrderMark: hasByteOrderMark(head) }
}

/** Above this many bytes an inspection says what a sample says; a load may end with other types. */
const provenBytesMax = 64 * 1024 * 1024

/** As `inferSource`, and then reads every row, so that the types are those a load ends with. */
export async function inspectSource(session: DuckSession, options: SourceOptions): Promise<Source> {
  const source = await inferSource(session, options)
  if (source.inferredFrom !== 'sample' || source.bytes > provenBytesMax) return source
  const targets = source.columns.map((column, index) => ({
    name: `c${index}`,
    id: index + 1,
    type: column.type,
    sourceName: column.name,
  }))
  const sql = `SELECT bit_xor(hash(COLUMNS(*))) FROM (${source.select(targets)})`
  try {
    await reading(session.run(sql, { signal: options.signal }))
    return source
  } catch (error) {
    if (!typesMayChange(error)) throw error
    return inferSource(session, { ...options, wholeFile: true })
  }
}

/**
 * Tells the format, dialect, columns and types of a file. What it returns is what the load reads,
 * so an inspection shows what an ingest does. Bad input is `invalid` with the line where known.
 */
export async function inferSource(session: DuckSession, options: SourceOptions): Promise<Source> {
  const head = options.unpackedHead ?? (await readHead(options.path))
  const format = settleFormat(head, hintedFormat(options))
  const file: OpenedFile = {
    path: options.path,
    overrides: parseOverrides(options.types ?? {}),
    wholeFile: options.wholeFile ?? false,
    unpacksByName: options.unpackedHead !== undefined,
    quotedEmptiesAnywhere: options.quotedEmptiesAnywhere ?? false,
    textColumnsMax: options.textColumnsMax ?? 4000,
    arrowBatchBytesMax: options.arrowBatchBytesMax ?? 2 ** 30,
    unpackedBytesMax: options.unpackedBytesMax ?? 2 ** 34,
    signal: options.signal,
  }
  assertUnpackable(format, options.unpackedHead?.compression)
  const source = await openFormat(session, format, head, file)
  assertColumns(source.columns, options.columnsMax)
  return source
}

/** DuckDB itself unpacks only text. */
function assertUnpackable(format: Source['format'], compression: Compression = 'none'): void {
  if (compression === 'none' || (format !== 'parquet' && format !== 'arrow')) return
  throw new HyperMeshError(
    'unsupported',
    `${format} that is packed with ${compression} can be loaded, not read in place`,
  )
}

function openFormat(
  session: DuckSession,
  format: Source['format'],
  head: FileHead,
  file: OpenedFile,
): Promise<Source> {
  if (format === 'parquet') return openParquet(session, head, file)
  if (format === 'arrow') return openArrow(session, head, file)
  if (format === 'csv' || format === 'tsv') return openCsv(session, format, head, file)
  return openJson(session, format, head, file)
}

function parseOverrides(types: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(types).map(([name, type]) => {
      parseDuckDbType(type)
      return [name, type]
    }),
  )
}

function assertColumns(columns: readonly SourceColumn[], columnsMax = 10_000): void {
  if (columns.length > columnsMax) {
    throw new HyperMeshError(
      'too_large',
      `the file has ${columns.length} columns; a table may have ${columnsMax}`,
    )
  }
  for (const column of columns) parseColumnName(column.name)
}
