import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { copyLaidOut, DuckDatabase, type DuckSession, inferSource } from '@hypermesh/duckdb'
import { expect, test } from 'vitest'
import { scalarFromText } from '../src/bounds.ts'
import { type Primitive, parsePrimitive } from '../src/iceberg-type.ts'
import { bucketHashes, toPartition } from '../src/index.ts'
import { applyTransform, findTransform, type Transform, transformResult } from '../src/transform.ts'

/** Every transform of every type that takes it, with values at the edges of both. */
const typed: readonly (readonly [string, string, readonly string[]])[] = [
  ['boolean', 'i % 2 = 0', ['identity']],
  ['int', '(i * 7919 % 2000 - 1000)::INTEGER', ['identity', 'bucket[7]', 'truncate[10]']],
  ['long', '(i - 150) * 9007199254740993', ['bucket[16]', 'truncate[1000000]']],
  [
    'edges of int',
    'CASE WHEN i % 2 = 0 THEN -2147483648 + i ELSE 2147483647 - i END::INTEGER',
    ['identity', 'bucket[5]', 'truncate[10]', 'truncate[2147483647]', 'truncate[16]'],
  ],
  [
    'edges of long',
    "CASE WHEN i % 2 = 0 THEN '-9223372036854775808'::BIGINT + i ELSE 9223372036854775807 - i END",
    ['bucket[5]', 'truncate[10]', 'truncate[2147483647]', 'truncate[16]'],
  ],
  [
    'float',
    "CASE i % 5 WHEN 0 THEN 'nan'::FLOAT WHEN 1 THEN 'inf' ELSE i % 4 END::FLOAT",
    ['identity'],
  ],
  [
    'double',
    "CASE i % 5 WHEN 0 THEN '-0.0'::DOUBLE WHEN 1 THEN 0 WHEN 2 THEN 'nan' ELSE i % 3 END",
    ['identity'],
  ],
  ['decimal', '((i - 150) / 100.0)::DECIMAL(9, 2)', ['bucket[9]', 'truncate[50]']],
  [
    'wide',
    '((i - 150)::HUGEINT * 123456789012345678)::DECIMAL(38, 3)',
    ['bucket[5]', 'truncate[7]'],
  ],
  ['day', "DATE '1970-01-01' + (i * 13 - 4000)::INTEGER", ['year', 'month', 'day', 'bucket[6]']],
  ['time', "TIME '00:00:00' + to_microseconds(i * 77777777)", ['bucket[3]']],
  [
    'stamp',
    "TIMESTAMP '1970-01-01' + to_microseconds((i - 150) * 3599999999)",
    ['year', 'month', 'day', 'hour', 'bucket[6]'],
  ],
  [
    'zoned',
    "TIMESTAMPTZ '1970-01-01 00:00:00Z' + to_microseconds((i - 150) * 7199999999)",
    ['day', 'hour', 'bucket[4]'],
  ],
  [
    'text',
    "CASE WHEN i % 9 = 0 THEN '' ELSE repeat('ü€😀'[1 + i % 3], 1 + i % 4) || 'a''\\x41' || (i % 3) END",
    ['identity', 'bucket[5]', 'truncate[2]'],
  ],
  ['bytes', "encode('x' || (i % 7))", ['identity', 'bucket[5]', 'truncate[1]']],
  ['uuid', 'md5((i % 11)::VARCHAR)::UUID', ['identity', 'bucket[8]']],
]

const rows = 300

test.each(typed)(
  'SQL parts %s as the transforms of the format do, whatever the value',
  async (...of) => {
    const [, value, transforms] = of
    const directory = await mkdtemp(join(tmpdir(), 'hypermesh-layout-'))
    await using database = await DuckDatabase.open({
      threads: 2,
      memoryBytes: 512 * 1024 * 1024,
      temporaryDirectory: join(directory, 'spill'),
      allowedDirectories: [directory],
      hashes: bucketHashes,
    })
    await using session = await database.connect()
    try {
      const path = join(directory, 'rows.parquet')
      await session.run(
        `COPY (SELECT CASE WHEN i % 17 = 0 THEN NULL ELSE ${value} END AS v FROM range(${rows}) r(i))
      TO '${path}' (FORMAT parquet)`,
      )
      for (const text of transforms) await assertParted(session, path, text)
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  },
)

/** Each file has one partition value, no two files have the same, and all values of it give it. */
async function assertParted(session: DuckSession, path: string, text: string): Promise<void> {
  const source = await inferSource(session, { path })
  const type = String(source.columns[0]?.type)
  const transform = findTransform(text)
  const result = transformResult(text, type)
  if (transform === undefined || result === undefined) throw new RangeError(text)
  const key = { path: ['v'], type, transform }
  const directory = await mkdtemp(`${path}-`)
  const columns = [{ name: 'v', sourceName: 'v', id: 1, type }]
  const layout = { partition: [key], sort: [], partitionsMax: rows }
  const files = await copyLaidOut(session, { source, columns, directory }, layout)
  const paths = files.map((file) => file.path)
  const resultsOf = await resultsIn(session, paths, { type: parsePrimitive(type), transform })
  const seen = new Set<string>()
  for (const file of files) {
    const partition = toPartition([{ ...key, fieldId: 1000, result }], file.partition)
    const results = resultsOf.get(file.path) ?? new Set()
    expect(results.size, `${text} of ${type}: ${[...results].slice(0, 9)}`).toBe(1)
    const [made = ''] = results
    expect(seen).not.toContain(made)
    seen.add(made)
    expect(partition['1000'] === null).toBe(made === 'null')
  }
  expect(files.reduce((sum, file) => sum + file.rows, 0)).toBe(rows)
}

/** What the format's own transform makes of the values of each file; of all at once, for there are hundreds. */
async function resultsIn(
  session: DuckSession,
  paths: readonly string[],
  { type, transform }: { readonly type: Primitive; readonly transform: Transform },
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const shown = type.kind === 'binary' ? 'lower(hex(v))' : 'v::VARCHAR'
  const list = paths.map((path) => `'${path}'`).join()
  const found = await session.rows(
    `SELECT DISTINCT filename, ${shown} AS v FROM read_parquet([${list}], filename = true)`,
  )
  const isFloating = type.kind === 'float' || type.kind === 'double'
  const resultOf = (v: unknown): string => {
    if (v === null) return 'null'
    const scalar = isFloating && v === 'nan' ? Number.NaN : scalarFromText(type, String(v))
    const made = scalar === undefined ? undefined : applyTransform(transform, type, scalar)
    if (made instanceof Uint8Array) return Buffer.from(made).toString('hex')
    return Object.is(made, -0) ? '-0' : String(made)
  }
  const results = new Map(paths.map((path) => [path, new Set<string>()]))
  for (const { filename, v } of found) results.get(String(filename))?.add(resultOf(v))
  return results
}
