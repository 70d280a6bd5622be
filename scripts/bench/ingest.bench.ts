import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, open, rename, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { DuckDBInstance } from '@duckdb/node-api'
import { createClient } from '@hypermesh/client'
import { createHttpFetch } from '@hypermesh/kit'
import { alternate, type Bench, describeTimes, type Figure, median } from './figures.ts'
import { BenchServer } from './server.ts'

// It ships no types.
const parquet = createRequire(import.meta.url)('parquetjs-lite') as {
  ParquetSchema: new (columns: Record<string, object>) => object
  ParquetWriter: {
    openFile(
      schema: object,
      path: string,
    ): Promise<{ appendRow(row: Record<string, unknown>): Promise<void>; close(): Promise<void> }>
  }
}
const directory = fileURLToPath(new URL('../../.bench', import.meta.url))
const gib = 1024 ** 3
const sampleRows = 1_000_000
const parquetJsTries = 2

/**
 * A CSV of at least 1 GB into a table, against DuckDB's own COPY of the same file in a process that
 * does nothing else, with the same threads. The file is made by a formula, so it is the same each time.
 */
export const bench: Bench = async () => {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: { rows: { type: 'string', default: '12000000' } },
  })
  const file = await madeFile(Number(values.rows))
  const sample = await madeFile(sampleRows)
  const { size } = await stat(file)
  console.log(`${values.rows} rows, ${(size / gib).toFixed(2)} GiB of CSV`)
  const scratch = await mkdtemp(join(tmpdir(), 'hypermesh-bench-'))
  try {
    return [...(await againstCopy(file, scratch)), ...(await againstParquetJs(sample, scratch))]
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function againstCopy(file: string, scratch: string): Promise<Figure[]> {
  const baseline = () => timeOfCopy(file, join(scratch, 'baseline.parquet'))
  const loads = await measureLoads(file, {
    place: (run) => alternate({ ours: run, baseline }),
    http: (run) => alternate({ ours: run, baseline }),
  })
  for (const [name, pairs] of [
    ['in place', loads.place],
    ['over HTTP', loads.http],
  ] as const) {
    console.log(describeTimes(name, pairs.ours))
    console.log(describeTimes('COPY', pairs.baseline))
  }
  const speed = (pairs: { ours: readonly number[]; baseline: readonly number[] }) =>
    median(pairs.baseline) / median(pairs.ours)
  return [
    {
      figure: 'ingest-in-place',
      value: speed(loads.place),
      unit: '× COPY',
      target: { atLeast: 0.9 },
    },
    { figure: 'ingest-http', value: speed(loads.http), unit: '× COPY', target: { atLeast: 0.65 } },
    ...(loads.peak === undefined
      ? []
      : [
          {
            figure: 'ingest-peak-memory',
            value: loads.peak / gib,
            unit: 'GiB',
            target: { atMost: 1.5 },
          },
        ]),
  ]
}

type Measure = (run: () => Promise<number>) => ReturnType<typeof alternate>

async function measureLoads(file: string, measure: { place: Measure; http: Measure }) {
  await using server = await BenchServer.start({
    env: { HYPERMESH_INGEST__ALLOWED_ROOTS: JSON.stringify([directory]) },
  })
  // Loads are sent as the command line sends them.
  const client = createClient({ url: server.url, key: server.key, fetch: createHttpFetch() })
  let table = 0
  const load = async (request: 'place' | 'http') => {
    const began = performance.now()
    await client.ingest(`bench.t${table++}`, {
      format: 'csv',
      ...(request === 'place'
        ? { source: file }
        : { body: createReadStream(file, { highWaterMark: 1024 * 1024 }) }),
    })
    return performance.now() - began
  }
  const place = await measure.place(() => load('place'))
  const http = await measure.http(() => load('http'))
  return { place, http, peak: await server.peakResidentBytes() }
}

async function timeOfCopy(file: string, target: string): Promise<number> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  try {
    const began = performance.now()
    await connection.run(
      `COPY (FROM read_csv('${file}')) TO '${target}' (FORMAT parquet, COMPRESSION zstd)`,
    )
    return performance.now() - began
  } finally {
    connection.closeSync()
  }
}

/** The writer that JavaScript programs had: rows as objects, which is all that it takes. */
async function againstParquetJs(sample: string, scratch: string): Promise<Figure[]> {
  await using server = await BenchServer.start({
    env: { HYPERMESH_INGEST__ALLOWED_ROOTS: JSON.stringify([directory]) },
  })
  const ours: number[] = []
  const theirs: number[] = []
  for (let attempt = 0; attempt < parquetJsTries; attempt++) {
    const began = performance.now()
    await server.client.ingest(`bench.s${attempt}`, { format: 'csv', source: sample })
    ours.push(performance.now() - began)
    theirs.push(await timeOfParquetJs(sample, join(scratch, 'lite.parquet')))
  }
  console.log(describeTimes(`${sampleRows} rows, ours`, ours))
  console.log(describeTimes(`${sampleRows} rows, parquetjs-lite`, theirs))
  const value = median(theirs) / median(ours)
  return [{ figure: 'ingest-parquetjs-lite', value, unit: '×', target: { atLeast: 20 } }]
}

async function timeOfParquetJs(sample: string, target: string): Promise<number> {
  const began = performance.now()
  const optional = (type: string) => ({ type, optional: true, compression: 'SNAPPY' })
  const schema = new parquet.ParquetSchema({
    id: optional('INT64'),
    account: optional('INT64'),
    city: optional('UTF8'),
    amount: optional('DOUBLE'),
    happened: optional('TIMESTAMP_MILLIS'),
    note: optional('UTF8'),
    score: optional('DOUBLE'),
  })
  const writer = await parquet.ParquetWriter.openFile(schema, target)
  let isHeader = true
  for await (const line of createInterface({ input: createReadStream(sample) })) {
    if (!isHeader) await writer.appendRow(rowOf(line))
    isHeader = false
  }
  await writer.close()
  return performance.now() - began
}

function rowOf(line: string): Record<string, unknown> {
  const [id, account, city, amount, happened, note, score] = line.split(',')
  return {
    id: Number(id),
    account: Number(account),
    city,
    amount: Number(amount),
    happened: new Date(`${happened}Z`),
    note,
    score: Number(score),
  }
}

/** bigint, bigint, varchar, double, timestamp, varchar, double; made once and kept. */
async function madeFile(rows: number): Promise<string> {
  const file = join(directory, `ingest-${rows}-2.csv`)
  if (await stat(file).catch(() => undefined)) return file
  console.log(`making ${rows} rows, once`)
  await mkdir(directory, { recursive: true })
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  const draft = `${file}.draft`
  await connection.run(`COPY (
    SELECT i AS id,
      hash(i) % 1000000 AS account,
      'city-' || (hash(i + 1) % 5000) AS city,
      round((hash(i + 2) % 100000000) / 100.0, 2)::DOUBLE AS amount,
      TIMESTAMP '2020-01-01' + to_microseconds((hash(i + 3) % 157680000000000)::BIGINT) AS happened,
      'order ' || md5(i::VARCHAR) AS note,
      (hash(i + 4) % 1000003) / 1000003.0::DOUBLE AS score
    FROM range(${rows}) t(i)) TO '${draft}' (FORMAT csv, HEADER)`)
  connection.closeSync()
  const handle = await open(draft)
  await handle.sync()
  await handle.close()
  await rename(draft, file)
  return file
}
