// One set of data through the gateway, with key, log, figures and checks. The server has the measured core,
// which it shares with hnswlib-node in turns; this process, which asks, has the others. The last line of its
// output is its figures.
//
//   taskset -c 0 node --import tsx http-child.ts clu128
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measuredCore } from '../cores.ts'
import { type Figure, median } from '../figures.ts'
import { probeHealth } from '../health-under-load.ts'
import { HttpLanes, type Question } from '../http-lanes.ts'
import { BenchServer } from '../server.ts'
import { efConstruction, m } from './contender.ts'
import type { VectorData } from './dataset.ts'
import { questionsOf } from './http-questions.ts'
import { RawPeer } from './raw-peer.ts'
import { setNamed } from './sets.ts'
import { healthTargetMs, httpTargets } from './targets.ts'

const connections = 32
const rounds = 5
const batchPoints = 2000
const probes = 1000
const index = 'bench'

const data = await setNamed(process.argv[2] ?? '')
console.log(JSON.stringify(data === undefined ? [] : await measure(data)))

async function measure(set: VectorData): Promise<Figure[]> {
  const dataDir = await mkdtemp(join(tmpdir(), 'hypermesh-bench-'))
  try {
    using raw = RawPeer.start(set.name)
    await load(set, dataDir)
    const { truth, ef, recall } = await raw.ready
    console.log(`\n${set.name} over HTTP; hnswlib-node: ef ${ef}, recall ${recall.toFixed(4)}`)
    const logFile = join(dataDir, 'server.log')
    await using server = await BenchServer.start({
      dataDir,
      logFile,
      cores: measuredCore,
      // Here one key asks for everything.
      env: { HYPERMESH_LIMITS__RATE_PER_SECOND: '1000000' },
    })
    using lanes = await HttpLanes.open(server.url, connections)
    const questions = await questionsOf({ set, server, index, truth, lanes })
    const figures = await measureRates(set, { raw, server, lanes, ...questions })
    await assertTold(server, { logFile, least: lanes.answeredCount })
    figures.push(await measureHealth(set, { server, lanes, json: questions.json }))
    return figures
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

/** By a server that has all cores. */
async function load(set: VectorData, dataDir: string): Promise<void> {
  await using server = await BenchServer.start({ dataDir })
  await create(server, set, index)
  await write(server, set, { into: index })
}

async function create({ client }: BenchServer, { dimension, metric }: VectorData, name: string) {
  await client.createVectorIndex(name, { dimension, metric, m, efConstruction })
}

/** The number of a vector is its id. */
async function write(
  { client }: BenchServer,
  { vectors, dimension, count }: VectorData,
  { into, signal }: { readonly into: string; readonly signal?: AbortSignal },
): Promise<number> {
  let written = 0
  while (written < count && signal?.aborted !== true) {
    const from = written
    written = Math.min(count, from + batchPoints)
    await client.writePointBytes(into, {
      ids: Array.from({ length: written - from }, (_, row) => from + row),
      vectors: vectors.subarray(from * dimension, written * dimension),
    })
  }
  return written
}

/** In turns, by CPU time: queries a second of the server against those of hnswlib-node. */
async function measureRates(
  { name, queryCount, dimension }: VectorData,
  parts: {
    readonly raw: RawPeer
    readonly server: BenchServer
    readonly lanes: HttpLanes
    readonly json: Question
    readonly batch: Question
  },
): Promise<Figure[]> {
  const { raw, server, lanes, json, batch } = parts
  // A round of a second or two of each.
  const times = Math.max(1, Math.round(1000 / dimension))
  const total = times * queryCount
  const ratios = { json: [] as number[], batch: [] as number[] }
  // The first round warms.
  for (let round = -1; round < rounds; round++) {
    const rawRate = 1 / (await raw.measure(times))
    const rates = [`hnswlib-node ${rawRate.toFixed(0)}`]
    for (const [kind, question] of Object.entries({ json, batch })) {
      const { cpu, clock } = await rateOf(question, { server, lanes, total })
      rates.push(`${kind} ${cpu.toFixed(0)} (by the clock ${clock.toFixed(0)})`)
      if (round >= 0) ratios[kind as 'json' | 'batch'].push(cpu / rawRate)
    }
    console.log(`${round < 0 ? 'to warm' : `round ${round}`}: ${rates.join(', ')} queries/s`)
  }
  const targets = httpTargets[name]
  return (['json', 'batch'] as const).map((kind) => ({
    figure: `${name}-http-${kind}`,
    value: median(ratios[kind]),
    unit: '× hnswlib-node in process',
    target: { atLeast: targets?.[kind] ?? Number.NaN },
  }))
}

async function rateOf(
  question: Question,
  { server, lanes, total }: { server: BenchServer; lanes: HttpLanes; total: number },
): Promise<{ readonly cpu: number; readonly clock: number }> {
  const began = performance.now()
  const from = await server.cpuSeconds()
  await lanes.askAgain(question, total / question.queriesPerRequest)
  const cpuSeconds = (await server.cpuSeconds()) - from
  return { cpu: total / cpuSeconds, clock: (1000 * total) / (performance.now() - began) }
}

/** Each request has its line in the log and counts in the figures: what was measured was on. */
async function assertTold(
  server: BenchServer,
  { logFile, least }: { readonly logFile: string; readonly least: number },
): Promise<void> {
  // Asked first: a line is written at the end of the turn that made it, so the answer to a later request shows
  // that those of all earlier ones are in the file.
  const figures = await (await server.fetch('/metrics')).text()
  const lines = (await readFile(logFile, 'utf8')).split('\n')
  const logged = lines.filter((line) => line.includes('/search') && line.includes('"status":200'))
  const counted = /http_requests_total\{.*\/search",status="200"\} (\d+)/.exec(figures)?.[1]
  console.log(`${least} answers, ${logged.length} lines of the log, counted ${counted}`)
  if (logged.length < least || Number(counted) < least) {
    throw new Error('there are answers that the log or the figures do not tell of')
  }
}

/** /healthz while all connections search in one index and another is built. */
async function measureHealth(
  set: VectorData,
  { server, lanes, json }: { server: BenchServer; lanes: HttpLanes; json: Question },
): Promise<Figure> {
  const stop = new AbortController()
  const before = lanes.answeredCount
  await create(server, set, 'other')
  const searching = lanes.askAgain(json, stop.signal)
  const building = write(server, set, { into: 'other', signal: stop.signal })
  const { at } = await probeHealth(server, probes)
  stop.abort()
  await searching
  const written = await building
  console.log(
    `healthz: p50 ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms of ${probes}, while ` +
      `${lanes.answeredCount - before} searches were answered and ${written} points were indexed`,
  )
  if (written === set.count) throw new Error('the index was built before the probes ended')
  return {
    figure: `${set.name}-http-healthz-p99`,
    value: at(0.99),
    unit: 'ms',
    target: { atMost: healthTargetMs },
  }
}
