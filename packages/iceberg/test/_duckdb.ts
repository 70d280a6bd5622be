import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import {
  type DataFileEntry,
  type IcebergSchema,
  type IcebergType,
  quoteIdentifier,
  type StructField,
} from '@hypermesh/contract'
import { toDataFileEntry } from '../src/index.ts'
import { childFields } from '../src/schema.ts'
import type { TestLake } from './_lake.ts'

export async function openDuckDb(): Promise<DuckDBConnection> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  await connection.run("SET TimeZone = 'UTC'")
  return connection
}

export interface CopyOptions {
  readonly lake: TestLake
  readonly schema: IcebergSchema
  readonly uri: string
  /** A query whose columns are the schema's, by name. */
  readonly query: string
  readonly compression?: string
}

/** Writes a Parquet file as ingest does, with field ids, and describes it from `RETURN_STATS`. */
export async function copyFile(
  duckdb: DuckDBConnection,
  options: CopyOptions,
): Promise<DataFileEntry> {
  const { lake, schema, uri, query, compression = 'zstd' } = options
  const path = lake.warehouse.localPath(uri)
  if (path === undefined) throw new Error('the test store is a disk')
  await mkdir(dirname(path), { recursive: true })
  const ids = schema.fields.map(fieldIds).join(', ')
  const reader = await duckdb.runAndReadAll(
    `COPY (${query}) TO '${path.replaceAll("'", "''")}'
       (FORMAT parquet, COMPRESSION ${compression}, FIELD_IDS {${ids}}, RETURN_STATS)`,
  )
  const [row] = reader.getRowObjectsJson()
  // The shape of RETURN_STATS as JSON: maps are lists of entries.
  const statistics = (row?.column_statistics ?? []) as unknown as {
    key: string
    value: { key: string; value: string }[]
  }[]
  return toDataFileEntry({
    uri,
    fileBytes: (await stat(path)).size,
    rows: Number(row?.count),
    schema,
    columns: statistics.map(({ key, value }) => [
      key,
      Object.fromEntries(value.map((entry) => [entry.key, entry.value])),
    ]),
  })
}

function fieldIds(field: StructField): string {
  const inside = childFields(field.type).map(fieldIds)
  const own = inside.length === 0 ? `${field.id}` : ''
  const nested = `{__duckdb_field_id: ${field.id}, ${inside.join(', ')}}`
  return `${quoteIdentifier(field.name)}: ${own === '' ? nested : own}`
}

export function duckDbType(type: IcebergType): string {
  if (typeof type === 'string') {
    const names: Record<string, string> = {
      int: 'INTEGER',
      long: 'BIGINT',
      string: 'VARCHAR',
      binary: 'BLOB',
      timestamptz: 'TIMESTAMP WITH TIME ZONE',
    }
    return names[type] ?? type.toUpperCase()
  }
  if (type.type === 'list') return `${duckDbType(type.element)}[]`
  if (type.type === 'map') return `MAP(${duckDbType(type.key)}, ${duckDbType(type.value)})`
  const fields = type.fields.map((f) => `${quoteIdentifier(f.name)} ${duckDbType(f.type)}`)
  return `STRUCT(${fields.join(', ')})`
}
