import { HyperMeshError, parseColumnName } from '@hypermesh/contract'
import { parseDuckDbType } from './duckdb-type.ts'
import type { DuckSession } from './session.ts'
import type { OpenedFile, Source, SourceColumn } from './source-columns.ts'
import { openCsv } from './source-csv.ts'
import {
  type FileHead,
  type FormatHints,
  hintedFormat,
  readHead,
  settleFormat,
} from './source-format.ts'
import { openJson } from './source-json.ts'
import { openParquet } from './source-parquet.ts'

export interface SourceOptions extends FormatHints {
  readonly path: string
  /** Column name → SQL type, instead of what would be inferred. */
  readonly types?: Readonly<Record<string, string>> | undefined
  /** Infer from every row rather than from a sample. */
  readonly wholeFile?: boolean | undefined
  readonly columnsMax?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Tells the format, dialect, columns and types of a file. What it returns is what the load reads,
 * so an inspection shows what an ingest does. Bad input is `invalid` with the line where known.
 */
export async function inferSource(session: DuckSession, options: SourceOptions): Promise<Source> {
  const head = await readHead(options.path)
  const format = settleFormat(head, hintedFormat(options))
  const file: OpenedFile = {
    path: options.path,
    overrides: parseOverrides(options.types ?? {}),
    wholeFile: options.wholeFile ?? false,
    signal: options.signal,
  }
  const source = await openFormat(session, format, head, file)
  assertColumns(source.columns, options.columnsMax)
  return source
}

function openFormat(
  session: DuckSession,
  format: Source['format'],
  head: FileHead,
  file: OpenedFile,
): Promise<Source> {
  if (format === 'parquet') return openParquet(session, head, file)
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
