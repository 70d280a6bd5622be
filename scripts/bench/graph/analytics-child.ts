// PageRank of a million hyperedges on one core. Its answer is checked: the sum of all ranks, and an iteration by
// the definition.
//
//   taskset -c 1 node --import tsx analytics-child.ts
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Database } from '@hypermesh/engine'
import { defaultLimits } from '@hypermesh/kit'
import { AnalyticsThreads } from '../../../services/graph/src/analytics/analytics-threads.ts'
import { type MeasureResult, measures } from '../../../services/graph/src/analytics/measures.ts'
import type { Dataset } from '../engine/dataset.ts'
import { type Figure, median } from '../figures.ts'
import { benchData, edgeCount } from './dataset.ts'

const iterations = 10
const rounds = 5
const batchRows = 100_000

const directory = await mkdtemp(join(tmpdir(), 'hypermesh-bench-'))
try {
  console.log(JSON.stringify(await run()))
} finally {
  await rm(directory, { recursive: true, force: true })
}

async function run(): Promise<Figure[]> {
  const set = benchData()
  await using engine = await Database.open(join(directory, 'db'), { durability: 'os' })
  await fill(engine, set)
  const limits = { ...defaultLimits, graphAnalyticsRowsMax: set.nodeCount }
  await using threads = new AnalyticsThreads(limits)
  const target = { engine, table: 'edges', threads, limits }
  const pagerank = measures.get('pagerank') ?? fail('there is no pagerank')
  const take = async (count: number) => {
    let readMs = 0
    const began = performance.now()
    const result = await pagerank.run(target, {
      limit: set.nodeCount,
      options: { iterations: count, tolerance: 0 },
      signal: new AbortController().signal,
      onProgress: ({ phase }) => {
        if (phase === 'reading') readMs = performance.now() - began
      },
    })
    return { result, readMs, ms: result.elapsedMs }
  }
  const once = (await take(1)).result
  check(set, once, (await take(2)).result)
  const tens: number[] = []
  const reads: number[] = []
  for (let round = 0; round < rounds; round++) {
    // What reading and ranking cost is in both: the difference is that of the iterations alone.
    const few = await take(1)
    const usage = process.cpuUsage()
    const many = await take(1 + iterations)
    const { user, system } = process.cpuUsage(usage)
    tens.push(many.ms - many.readMs - (few.ms - few.readMs))
    reads.push(many.readMs)
    console.log(
      `pagerank: ${iterations} iterations ${tens.at(-1)?.toFixed(0)} ms, read in ${many.readMs.toFixed(0)} ms, in all ${many.ms.toFixed(0)} ms, of CPU ${((user + system) / 1000).toFixed(0)} ms`,
    )
  }
  const seconds = (values: readonly number[]) => median(values) / 1000
  return [
    figure('graph pagerank, 10 iterations', seconds(tens), 2),
    figure('graph window read into shared arrays', seconds(reads), 4),
  ]
}

function figure(name: string, value: number, atMost: number): Figure {
  return { figure: name, value, unit: 's', target: { atMost } }
}

async function fill(engine: Database, set: Dataset): Promise<void> {
  const table = await engine.createTable('edges')
  for (let from = 0; from < edgeCount; from += batchRows) {
    const to = Math.min(from + batchRows, edgeCount)
    const first = set.offsets[from] ?? 0
    await table.insertColumns({
      at: BigInt64Array.from(set.ts.subarray(from, to), (micros) => BigInt(micros)),
      memberOffsets: set.offsets.slice(from, to + 1).map((offset) => offset - first),
      members: set.members.slice(first, set.offsets[to]),
    })
  }
  await engine.compact()
}

/** The ranks after one iteration, put through the definition once more, are those after two. */
function check(set: Dataset, once: MeasureResult, twice: MeasureResult): void {
  const ranks = new Map(once.rows as [number, number][])
  const next = new Map<number, number>()
  const degrees = new Map<number, number>()
  for (const node of set.members) degrees.set(node, (degrees.get(node) ?? 0) + 1)
  for (let edge = 0; edge < edgeCount; edge++) {
    const members = set.members.subarray(set.offsets[edge], set.offsets[edge + 1])
    let sum = 0
    for (const node of members) sum += (ranks.get(node) ?? 0) / (degrees.get(node) ?? 1)
    for (const node of members) next.set(node, (next.get(node) ?? 0) + sum / members.length)
  }
  let total = 0
  for (const [node, rank] of twice.rows as [number, number][]) {
    const wanted = 0.15 / ranks.size + 0.85 * (next.get(node) ?? 0)
    if (Math.abs(rank - wanted) > 1e-12) fail(`node ${node} has ${rank}, not ${wanted}`)
    total += rank
  }
  if (twice.rows.length !== degrees.size || Math.abs(total - 1) > 1e-9)
    fail(`ranks sum to ${total}`)
}

function fail(message: string): never {
  throw new Error(message)
}
