import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { alternate, type Bench, describeTimes, type Figure, median } from './figures.ts'
import { measureHealth } from './health-under-load.ts'
import { filesOf, makeLake } from './query-lake.ts'
import { BenchServer } from './server.ts'

const root = fileURLToPath(new URL('../../.bench', import.meta.url))
const pairs = 15
const exportPairs = 5

/** What a statement asks, with `{events}`, `{accounts}` and `{parts}` for the tables. */
const questions = {
  scan: "SELECT id, account, city FROM {events} WHERE amount > 999990 AND city LIKE 'city-1%'",
  group:
    'SELECT city, count(*) AS n, sum(amount) AS total FROM {events} GROUP BY city ORDER BY n DESC, city LIMIT 20',
  join: 'SELECT a.region, sum(e.amount) AS total FROM {events} e JOIN {accounts} a ON a.account = e.account GROUP BY a.region ORDER BY a.region',
}
const lookup = 'SELECT * FROM {parts} WHERE id = 2345678'
const million = 'SELECT id, happened, account, city, amount, note FROM {events} WHERE id < 1000000'

/**
 * Through the gateway over HTTP, with a key, against the same SQL over the same files by DuckDB in
 * this process, in turns. The lake is made once by loads of ours and kept.
 */
export const bench: Bench = async () => {
  const dataDir = await madeLake()
  await using server = await BenchServer.start({ dataDir })
  const files = await filesOf(dataDir)
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  await connection.run("SET TimeZone = 'UTC'")
  const inProcess = (sql: string) =>
    sql.replace(/\{(\w+)\}/g, (_, table: string) => {
      const list = (files[table] ?? []).map((path) => `'${path}'`).join(', ')
      return `read_parquet([${list}])`
    })
  const ours = (sql: string) => sql.replace(/\{(\w+)\}/g, 'bench.$1')
  const figures: Figure[] = []
  for (const [name, sql] of Object.entries(questions)) {
    const times = await alternate(
      {
        ours: () => timed(() => server.client.sql(ours(sql))),
        baseline: () => timed(() => rowsOf(connection, inProcess(sql))),
      },
      pairs,
    )
    console.log(describeTimes(`${name}, over HTTP`, times.ours))
    console.log(describeTimes(`${name}, in process`, times.baseline))
    const allowed = 1.15 * median(times.baseline) + 3
    const value = median(times.ours) / allowed
    figures.push({
      figure: `query-${name}`,
      value,
      unit: '× (1.15 × + 3 ms)',
      target: { atMost: 1 },
    })
  }
  figures.push(
    await lookupFigure(server, connection, { ours: ours(lookup), base: inProcess(lookup) }),
  )
  figures.push(
    ...(await exports(server, connection, { ours: ours(million), base: inProcess(million) })),
  )
  connection.closeSync()
  figures.push(await measureHealth(server, [ours(questions.group), ours(questions.join)]))
  return figures
}

interface Pair {
  readonly ours: string
  readonly base: string
}

/** One row among a thousand files, whose bounds the manifests know and DuckDB reads from footers. */
async function lookupFigure(
  server: BenchServer,
  connection: DuckDBConnection,
  sql: Pair,
): Promise<Figure> {
  const times = await alternate(
    {
      ours: () => timed(() => server.client.sql(sql.ours)),
      baseline: () => timed(() => rowsOf(connection, sql.base)),
    },
    pairs,
  )
  console.log(describeTimes('lookup in 1,000 files, over HTTP', times.ours))
  console.log(describeTimes('lookup in 1,000 files, in process', times.baseline))
  const value = median(times.baseline) / median(times.ours)
  return { figure: 'query-lookup', value, unit: '× faster', target: { atLeast: 5 } }
}

/** A million rows to their last byte, against the binding's own way to JSON text. */
async function exports(
  server: BenchServer,
  connection: DuckDBConnection,
  sql: Pair,
): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const format of ['ndjson', 'arrow'] as const) {
    const times = await alternate(
      {
        ours: () => timed(() => drained(server, sql.ours, format)),
        baseline: () =>
          timed(async () => {
            const reader = await connection.runAndReadAll(sql.base)
            return JSON.stringify(reader.getRowObjectsJson()).length
          }),
      },
      exportPairs,
    )
    console.log(describeTimes(`million rows as ${format}`, times.ours))
    console.log(describeTimes('getRowObjectsJson + JSON.stringify', times.baseline))
    const value = median(times.baseline) / median(times.ours)
    figures.push({ figure: `query-${format}`, value, unit: '× faster', target: { atLeast: 5 } })
  }
  return figures
}

async function drained(server: BenchServer, sql: string, format: 'ndjson' | 'arrow') {
  const { body } = await server.client.sqlStream(sql, { format })
  let bytes = 0
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) bytes += chunk.length
  return bytes
}

async function rowsOf(connection: DuckDBConnection, sql: string) {
  return (await connection.runAndReadAll(sql)).getRows()
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await run()
  return performance.now() - began
}

/** Made by loads of ours, once; another version of it has another name. */
async function madeLake(): Promise<string> {
  const kept = join(root, 'query-2')
  const made = await rename(kept, kept).then(
    () => true,
    () => false,
  )
  if (made) return kept
  console.log('making the lake, once')
  await mkdir(root, { recursive: true })
  const draft = await mkdtemp(join(root, 'draft-'))
  try {
    await makeLake(draft)
    await rename(draft, kept)
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    throw error
  }
  return kept
}
