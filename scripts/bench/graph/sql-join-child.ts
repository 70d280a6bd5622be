// A SQL table of a million rows joined with the hyperedges of a node, through the gateway. The server has the
// measured core; this process, which asks, has the others. Every answer is checked against the data, and so
// is what EXPLAIN says was asked of the graph. The last line of its output is its figures.
//
//   taskset -c 0 node --import tsx sql-join-child.ts
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { measuredCore } from '../cores.ts'
import type { Dataset } from '../engine/dataset.ts'
import { type Figure, median } from '../figures.ts'
import { BenchServer } from '../server.ts'
import { benchData, drawNodes, edgesByNode, membersOf } from './dataset.ts'
import { loadHyperedges } from './load-hyperedges.ts'

const seed = 7
const warm = 10
const asked = 60
const explained = 3
const people = 1_000_000
const regions = 50
/** Has no divisor in common with the number of people: so each is there once, in no order. */
const stride = 7919
const table = 'bench.people'

interface Question {
  readonly figure: string
  /** What EXPLAIN names. */
  readonly called: string
  readonly sql: (node: number) => string
  readonly pushed: (node: number) => string
  /** The rows of the answer: region, how many, their sum of qty. */
  readonly wanted: (set: Dataset, edges: readonly number[], node: number) => unknown[][]
}

const regionsOf = `SELECT p.region, count(*), sum(h.qty)::BIGINT`
const questions: readonly Question[] = [
  {
    // All who were with the node.
    figure: 'graph-sql-join-hyperedges',
    called: 'hyperedges',
    sql: (node) => `${regionsOf}
      FROM (SELECT unnest(members) AS node, qty FROM hyperedges('bench.edges', member := ${node})) h
      JOIN ${table} p ON p.id = h.node GROUP BY 1 ORDER BY 1`,
    pushed: (node) => `members ${node}`,
    wanted: (set, edges) => byRegion(set, edges, (edge) => membersOf(set, edge)),
  },
  {
    figure: 'graph-sql-join-members',
    called: 'members',
    sql: (node) => `${regionsOf}
      FROM members('bench.edges') h JOIN ${table} p ON p.id = h.node
      WHERE h.node = ${node} GROUP BY 1 ORDER BY 1`,
    pushed: (node) => `members {"any":[${node}]}`,
    wanted: (set, edges, node) => byRegion(set, edges, () => [node]),
  },
]

const dataDir = await mkdtemp(join(tmpdir(), 'hypermesh-bench-'))
try {
  console.log(JSON.stringify(await measure(benchData())))
} finally {
  await rm(dataDir, { recursive: true, force: true })
}

async function measure(set: Dataset): Promise<Figure[]> {
  await load(set)
  const logFile = join(dataDir, 'server.log')
  await using server = await BenchServer.start({ dataDir, logFile, cores: measuredCore })
  const { rows } = await server.client.sql(`SELECT count(*) FROM ${table}`)
  if (Number(rows[0]?.[0]) !== people) throw new Error(`${table} has ${rows} rows`)
  const edgesOf = edgesByNode(set)
  const nodes = drawNodes(edgesOf, warm + asked, seed)
  const times = questions.map((): number[] => [])
  let cpuFrom = 0
  for (const [turn, node] of nodes.entries()) {
    if (turn === warm) cpuFrom = await server.cpuSeconds()
    const edges = edgesOf.get(node) ?? []
    for (const [place, question] of questions.entries()) {
      const began = performance.now()
      const answer = await server.client.sql(question.sql(node))
      if (turn >= warm) times[place]?.push(performance.now() - began)
      assertSame(answer.rows, question.wanted(set, edges, node), question.sql(node))
      if (turn < explained) await assertPushed(server, question, { node, rows: edges.length })
    }
  }
  const cpuMs = (1000 * ((await server.cpuSeconds()) - cpuFrom)) / (asked * questions.length)
  console.log(`sql joins: ${cpuMs.toFixed(1)} ms of the server's CPU time each`)
  return questions.map(({ figure }, place) => toFigure(figure, times[place] ?? []))
}

function toFigure(figure: string, times: readonly number[]): Figure {
  const sorted = [...times].sort((a, b) => a - b)
  const [least, most] = [sorted[0] ?? Number.NaN, sorted.at(-1) ?? Number.NaN]
  console.log(
    `${figure}: p50 ${median(times).toFixed(1)} ms of ${times.length}, ${least.toFixed(1)} to ${most.toFixed(1)} ms`,
  )
  return { figure, value: median(times), unit: 'ms', target: { atMost: 50 } }
}

/** By a server that has all cores. */
async function load(set: Dataset): Promise<void> {
  await using server = await BenchServer.start({ dataDir })
  const { client } = server
  const source = join(dataDir, 'people.parquet')
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  const id = `(i * ${stride}) % ${people}`
  await connection.run(
    `COPY (SELECT ${id} AS id, 'person ' || ${id} AS name, ${id} % ${regions} AS region
      FROM range(${people}) t(i)) TO '${source}' (FORMAT parquet)`,
  )
  connection.closeSync()
  await client.ingest(table, { body: await readFile(source), format: 'parquet' })
  await rm(source)
  await client.createGraphDatabase('bench')
  await loadHyperedges(client, { database: 'bench', table: 'edges' }, set)
  // What a load leaves to be done later would be done beside what is measured.
  await client.compactGraphDatabase('bench')
}

function byRegion(
  set: Dataset,
  edges: readonly number[],
  nodesOf: (edge: number) => readonly number[],
): unknown[][] {
  const found = new Map<number, { count: number; sum: number }>()
  for (const edge of edges) {
    for (const node of nodesOf(edge)) {
      const region = node % regions
      const { count, sum } = found.get(region) ?? { count: 0, sum: 0 }
      found.set(region, { count: count + 1, sum: sum + (set.qty[edge] as number) })
    }
  }
  return [...found]
    .sort(([a], [b]) => a - b)
    .map(([region, { count, sum }]) => [region, count, sum])
}

/** EXPLAIN says that the graph was asked for the hyperedges of the node, and that only those came. */
async function assertPushed(
  server: BenchServer,
  { called, sql, pushed }: Question,
  { node, rows }: { readonly node: number; readonly rows: number },
): Promise<void> {
  const plan = await server.client.sql(`EXPLAIN ${sql(node)}`)
  assertSame(plan.calls, [{ function: called, pushed: pushed(node), rows }], `EXPLAIN ${sql(node)}`)
  const shown = plan.rows.find(([key]) => key === `call of ${called}`)
  if (!String(shown?.[1]).includes(pushed(node))) throw new Error(`the plan shows ${shown}`)
}

function assertSame(found: unknown, wanted: unknown, what: string): void {
  const [one, other] = [JSON.stringify(found), JSON.stringify(wanted)]
  if (one !== other) throw new Error(`${what}: ${one}, not ${other}`)
}
