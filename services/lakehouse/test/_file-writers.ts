import { randomUUID } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { type FileFormat, quoteIdentifier } from '@hypermesh/contract'
import * as arrow from 'apache-arrow'
import { type FileColumn, type FileContent, sqlTypes, type Value } from './_table-model.ts'

export interface FileWriter {
  /** Text has no types of its own, so a reader infers or is told them. */
  readonly isText: boolean
  write(content: FileContent): Promise<Buffer> | Buffer
}

/** By writers that are not ours: a format of the contract without one does not compile. */
export const fileWriters: Readonly<Record<FileFormat, FileWriter>> = {
  csv: { isText: true, write: (content) => writeDelimited(content, ',') },
  tsv: { isText: true, write: (content) => writeDelimited(content, '\t') },
  ndjson: {
    isText: true,
    write: (content) => Buffer.from(`${jsonObjects(content).join('\n')}\n`),
  },
  json: { isText: true, write: (content) => Buffer.from(`[${jsonObjects(content).join(',\n')}]`) },
  parquet: { isText: false, write: writeParquet },
  arrow: { isText: false, write: writeArrow },
}

/** Null is nothing, an empty text two quotes. */
function writeDelimited({ columns, rows }: FileContent, delimiter: string): Buffer {
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
  const field = (value: Value) => {
    if (typeof value !== 'string') return value === null ? '' : numberText(value)
    return value === '' || /["\s,]/.test(value) ? quoted(value) : value
  }
  const records = [columns.map(({ name }) => name), ...rows]
  return Buffer.from(records.map((record) => `${record.map(field).join(delimiter)}\n`).join(''))
}

const numberText = (value: Value) => (Object.is(value, -0) ? '-0.0' : String(value))

/** By hand, because JSON.stringify has no bigint and no -0. */
function jsonObjects({ columns, rows }: FileContent): string[] {
  const text = (value: Value) =>
    typeof value === 'string' ? JSON.stringify(value) : numberText(value)
  return rows.map((row) => {
    const members = row.map((value, at) => `${JSON.stringify(columns[at]?.name)}: ${text(value)}`)
    return `{${members.join(', ')}}`
  })
}

async function writeParquet({ columns, rows }: FileContent): Promise<Buffer> {
  const path = join(tmpdir(), `hypermesh-${randomUUID()}.parquet`)
  const duckdb = await DuckDBInstance.create(':memory:')
  const connection = await duckdb.connect()
  try {
    const values = rows.map((row) => {
      return `(${row.map((value, at) => sqlLiteral(value, columns[at])).join(', ')})`
    })
    const names = columns.map(({ name }) => quoteIdentifier(name)).join(', ')
    const table = `(VALUES ${values.join(', ')}) t(${names})`
    await connection.run(`COPY (FROM ${table}) TO '${path}' (FORMAT parquet)`)
    return await readFile(path)
  } finally {
    connection.closeSync()
    duckdb.closeSync()
    await rm(path, { force: true })
  }
}

export function sqlLiteral(value: Value, column: FileColumn | undefined): string {
  const text = value === null ? 'NULL' : `'${numberText(value).replaceAll("'", "''")}'`
  return `CAST(${text} AS ${sqlTypes[column?.type ?? 'string']})`
}

function writeArrow({ columns, rows }: FileContent): Buffer {
  const vectors = columns.map(({ name, type }, at): [string, arrow.Vector] => {
    const values = rows.map((row) => row[at] ?? null)
    return [name, type === 'timestamp' ? timestampVector(values) : arrowVector(type, values)]
  })
  return Buffer.from(arrow.tableToIPC(new arrow.Table(Object.fromEntries(vectors)), 'file'))
}

function arrowVector(type: Exclude<FileColumn['type'], 'timestamp'>, values: Value[]) {
  const types = {
    boolean: new arrow.Bool(),
    int: new arrow.Int32(),
    long: new arrow.Int64(),
    float: new arrow.Float32(),
    double: new arrow.Float64(),
    string: new arrow.Utf8(),
    date: new arrow.DateDay(),
  }
  const cell = (value: Value) => {
    if (value === null) return null
    if (type === 'long') return BigInt(value)
    return type === 'date' ? new Date(`${value}`) : value
  }
  // The overloads of apache-arrow tie each type to its values; the table above does.
  return arrow.vectorFromArray(values.map(cell) as never, types[type] as arrow.DataType)
}

/** As it lies in memory, because apache-arrow takes milliseconds where it fills one. */
function timestampVector(values: readonly Value[]): arrow.Vector {
  const micros = values.map((value) => (value === null ? 0n : microsOf(String(value))))
  const nullBitmap = new Uint8Array(Math.ceil(values.length / 8))
  for (const [at, value] of values.entries()) {
    if (value !== null) nullBitmap[at >> 3] = (nullBitmap[at >> 3] ?? 0) | (1 << (at & 7))
  }
  const data = arrow.makeData({
    type: new arrow.TimestampMicrosecond(),
    length: values.length,
    nullCount: values.filter((value) => value === null).length,
    nullBitmap,
    data: BigInt64Array.from(micros),
  })
  return new arrow.Vector([data])
}

function microsOf(text: string): bigint {
  const [seconds, fraction = ''] = text.split('.')
  return BigInt(Date.parse(`${seconds}Z`)) * 1000n + BigInt(fraction.padEnd(6, '0'))
}
