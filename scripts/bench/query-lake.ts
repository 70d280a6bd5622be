import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { BenchServer } from './server.ts'

const events = 10_000_000
const accounts = 100_000
const parts = 1000
const partRows = 5000

const eventColumns = `i AS id,
  (hash(i) % ${accounts})::BIGINT AS account,
  'city-' || (hash(i + 1) % 5000) AS city,
  round((hash(i + 2) % 100000000) / 100.0, 2)::DOUBLE AS amount,
  TIMESTAMP '2020-01-01' + to_microseconds((i * 15)::BIGINT) AS happened,
  'order ' || md5(i::VARCHAR) AS note`

/** Ten million events, their accounts, and five million events in a thousand files by id. */
export async function makeLake(dataDir: string): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'hypermesh-bench-'))
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  try {
    await using server = await BenchServer.start({
      dataDir,
      env: { HYPERMESH_INGEST__ALLOWED_ROOTS: JSON.stringify([scratch]) },
    })
    const load = async (table: string, select: string, name: string) => {
      const source = join(scratch, `${name}.parquet`)
      await connection.run(`COPY (${select}) TO '${source}' (FORMAT parquet)`)
      await server.client.ingest(`bench.${table}`, { source, format: 'parquet' })
      await rm(source)
    }
    await load('events', `SELECT ${eventColumns} FROM range(${events}) t(i)`, 'events')
    await load(
      'accounts',
      `SELECT i AS account, 'region-' || i % 50 AS region FROM range(${accounts}) t(i)`,
      'accounts',
    )
    for (let part = 0; part < parts; part++) {
      const range = `range(${part * partRows}, ${(part + 1) * partRows})`
      await load('parts', `SELECT ${eventColumns} FROM ${range} t(i)`, `part-${part}`)
    }
  } finally {
    connection.closeSync()
    await rm(scratch, { recursive: true, force: true })
  }
}

/** The data files of each table; nothing was ever removed from one, so all that lie there are its own. */
export async function filesOf(dataDir: string): Promise<Readonly<Record<string, string[]>>> {
  const files: Record<string, string[]> = {}
  for (const table of ['events', 'accounts', 'parts']) {
    const data = join(dataDir, 'warehouse', 'bench', table, 'data')
    const names = await readdir(data, { recursive: true })
    files[table] = names.filter((name) => name.endsWith('.parquet')).map((name) => join(data, name))
  }
  return files
}
