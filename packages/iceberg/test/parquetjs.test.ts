import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { currentSchema } from '../src/index.ts'
import { copyFile, openDuckDb } from './_duckdb.ts'
import { openLake } from './_lake.ts'

interface ParquetJsCursor {
  next(): Promise<Record<string, unknown> | null>
}
interface ParquetJsReader {
  getCursor(): ParquetJsCursor
  close(): Promise<void>
}
// parquetjs-lite ships no types; it is unmaintained and reads snappy, but no zstd and no decimals.
const { ParquetReader } = createRequire(import.meta.url)('parquetjs-lite') as {
  ParquetReader: { openFile(path: string): Promise<ParquetJsReader> }
}

test('parquetjs-lite reads int, double, string and date of a snappy file written our way', async () => {
  await using lake = await openLake()
  const metadata = lake.create({
    schema: {
      type: 'struct',
      fields: ['int', 'double', 'string', 'date'].map((type, index) => ({
        id: index + 1,
        name: `${type}_column`,
        type,
        required: false,
      })),
    },
  })
  const uri = `${metadata.location}/data/a.parquet`
  const query = `SELECT i::INTEGER AS int_column, i / 4 AS double_column, 'é' || i AS string_column,
    DATE '2024-01-31' + i::INTEGER AS date_column FROM range(5) t(i)`
  await copyFile(await openDuckDb(), {
    lake,
    schema: currentSchema(metadata),
    uri,
    query,
    compression: 'snappy',
  })
  const reader = await ParquetReader.openFile(lake.warehouse.localPath(uri) ?? '')
  const cursor = reader.getCursor()
  const rows: Record<string, unknown>[] = []
  for (let row = await cursor.next(); row !== null; row = await cursor.next()) rows.push(row)
  await reader.close()
  expect(rows).toHaveLength(5)
  expect(rows[1]).toEqual({
    int_column: 1,
    double_column: 0.25,
    string_column: 'é1',
    date_column: new Date('2024-02-01'),
  })
})
