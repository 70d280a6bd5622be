// Member lookups, durable inserts and a long Arrow stream through the gateway. The server has the measured core,
// which it shares with the engine in a process in turns; this process, which asks, has the others. The last
// line of its output is its figures.
//
//   taskset -c 0 node --import tsx http-child.ts
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tableFromIPC } from 'apache-arrow'
import { measuredCore } from '../cores.ts'
import type { Dataset } from '../engine/dataset.ts'
import { type Figure, median } from '../figures.ts'
import { readBytes, requestBytes } from '../http-lane.ts'
import { HttpLanes } from '../http-lanes.ts'
import { BenchServer } from '../server.ts'
import {
  benchData,
  drawNodes,
  type EdgesOf,
  edgeCount,
  edgesByNode,
  hyperedgeOf,
  membersOf,
} from './dataset.ts'
import { loadHyperedges } from './load-hyperedges.ts'
import { RawEngine } from './raw-engine.ts'

const seed = 6
const rounds = 5
const lookups = 5000
/** Each of them so often in a round, which takes some seconds then. */
const lookupTimes = 3
const lookupLanes = 32
const insertLanes = 16
const batchEdges = 100
const batchesARound = 400
/** What a stream may add to the memory of a server at rest, however long it is. */
const streamMibMax = 256

const database = 'bench'
const path = `/v1/graph/${database}/tables`

console.log(JSON.stringify(await measure(benchData())))

async function measure(set: Dataset): Promise<Figure[]> {
  const dataDir = await mkdtemp(join(tmpdir(), 'hypermesh-bench-'))
  try {
    await load(set, dataDir)
    const requests = await measureRequests(set, dataDir)
    // A server of its own, whose memory has nothing of what was before.
    await using server = await BenchServer.start({ dataDir, cores: measuredCore })
    return [...requests, ...(await measureStream(set, server))]
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function measureRequests(set: Dataset, dataDir: string): Promise<Figure[]> {
  const logFile = join(dataDir, 'server.log')
  // Here one key asks for everything.
  const env = {
    HYPERMESH_LIMITS__RATE_PER_SECOND: '1000000',
    HYPERMESH_LIMITS__RATE_BURST: '1000000',
  }
  await using server = await BenchServer.start({ dataDir, logFile, cores: measuredCore, env })
  const lookup = await measureLookups(set, server)
  const inserts = await measureInserts(set, server)
  await assertTold(logFile)
  return [lookup, inserts]
}

/** By a server that has all cores. */
async function load(set: Dataset, dataDir: string): Promise<void> {
  await using server = await BenchServer.start({ dataDir })
  const { client } = server
  await client.createGraphDatabase(database)
  await loadHyperedges(client, { database, table: 'edges' }, set)
  const properties = { qty: 'int64', amt: 'float64' } as const
  await client.createGraphTable(database, { table: 'inserted', properties })
}

/** All hyperedges of a node, for nodes drawn from those that have any. */
async function measureLookups(set: Dataset, server: BenchServer): Promise<Figure> {
  const edgesOf = edgesByNode(set)
  const asked = drawNodes(edgesOf, lookups, seed)
  const requests = asked.map((node) =>
    readBytes({ ...server, path: `${path}/edges/hyperedges?member=${node}` }),
  )
  using lanes = await HttpLanes.open(server.url, lookupLanes)
  const answers = await lanes.askOnce(requests)
  let rows = 0
  for (const [place, answer] of answers.entries()) {
    rows += assertLookup(answer, { node: asked[place] as number, edgesOf })
  }
  const mean = (rows / lookups).toFixed(1)
  const bytes = answers.reduce((sum, answer) => sum + answer.length, 0) / lookups
  console.log(
    `lookups: ${mean} hyperedges and ${bytes.toFixed(0)} bytes an answer, as the data says`,
  )
  const rates: number[] = []
  const asks = lookups * lookupTimes
  // The first round warms.
  for (let round = -1; round < rounds; round++) {
    const began = performance.now()
    const cpuFrom = await server.cpuSeconds()
    await lanes.askAgain({ requests, answers, queriesPerRequest: 1 }, asks)
    const cpu = asks / ((await server.cpuSeconds()) - cpuFrom)
    const rate = (1000 * asks) / (performance.now() - began)
    if (round >= 0) rates.push(rate)
    const name = round < 0 ? 'to warm' : `round ${round}`
    console.log(`${name}: ${rate.toFixed(0)} lookups/s, ${cpu.toFixed(0)} by CPU time`)
  }
  return {
    figure: 'graph-lookup',
    value: median(rates),
    unit: 'requests/s',
    target: { atLeast: 5000 },
  }
}

function assertLookup(
  answer: Buffer,
  { node, edgesOf }: { readonly node: number; readonly edgesOf: EdgesOf },
): number {
  const page = JSON.parse(String(answer)) as { hyperedges: { members: number[] }[] }
  const wanted = Math.min(edgesOf.get(node)?.length ?? 0, 1000)
  const isRight = page.hyperedges.every(({ members }) => members.includes(node))
  if (page.hyperedges.length === wanted && isRight) return wanted
  throw new Error(`node ${node} has ${wanted} hyperedges, not ${page.hyperedges.length}`)
}

/** Each batch is a request, synced before it is answered; each hyperedge has a key. */
async function measureInserts(set: Dataset, server: BenchServer): Promise<Figure> {
  using lanes = await HttpLanes.open(server.url, insertLanes)
  const type = 'application/json'
  let next = 0
  const batch = () => {
    const hyperedges = Array.from({ length: batchEdges }, () => {
      const edge = next++
      return { ...hyperedgeOf(set, edge), key: `k${edge}` }
    })
    const body = Buffer.from(JSON.stringify({ hyperedges }))
    return requestBytes(
      { ...server, path: `${path}/inserted/hyperedges` },
      { type, accept: type, body },
    )
  }
  const rates: number[] = []
  // The first round warms.
  for (let round = -1; round < rounds; round++) {
    const requests = Array.from({ length: batchesARound }, batch)
    const began = performance.now()
    const answers = await lanes.askOnce(requests)
    const rate = (1000 * batchesARound * batchEdges) / (performance.now() - began)
    for (const answer of answers) {
      const { inserted } = JSON.parse(String(answer)) as { inserted: number }
      if (inserted !== batchEdges) throw new Error(`${inserted} of ${batchEdges} were inserted`)
    }
    console.log(`${round < 0 ? 'to warm' : `round ${round}`}: ${rate.toFixed(0)} hyperedges/s`)
    if (round >= 0) rates.push(rate)
  }
  const { stats } = await server.client.getGraphTable(`${database}.inserted`)
  if (stats.hyperedges !== next) throw new Error(`${stats.hyperedges} of ${next} are there`)
  return {
    figure: 'graph-durable-insert',
    value: median(rates),
    unit: 'hyperedges/s',
    target: { atLeast: 20_000 },
  }
}

/** The whole table as Arrow, in turns with the engine in a process that makes the same. */
async function measureStream(set: Dataset, server: BenchServer): Promise<Figure[]> {
  using raw = await RawEngine.start(join(server.dataDir, 'graph', database))
  const restingBytes = (await server.peakResidentBytes()) ?? Number.NaN
  const ratios: number[] = []
  for (let round = -1; round < rounds; round++) {
    const ours = await readStream(server)
    const theirs = await raw.measure()
    if (theirs.rows !== edgeCount) throw new Error(`the engine gave ${theirs.rows} rows`)
    console.log(
      `${round < 0 ? 'to warm' : `round ${round}`}: stream ${ours.ms.toFixed(0)} ms of ` +
        `${(ours.bytes / 1e6).toFixed(0)} MB, in process ${theirs.ms.toFixed(0)} ms`,
    )
    if (round >= 0) ratios.push(ours.ms / theirs.ms)
  }
  const peakBytes = (await server.peakResidentBytes()) ?? Number.NaN
  await assertStream(set, server)
  return [
    {
      figure: 'graph-arrow-stream',
      value: median(ratios),
      unit: '× the engine in process',
      target: { atMost: 2 },
    },
    {
      figure: 'graph-arrow-stream-memory',
      value: (peakBytes - restingBytes) / 1024 ** 2,
      unit: 'MiB more than at rest',
      target: { atMost: streamMibMax },
    },
  ]
}

async function openStream(server: BenchServer): Promise<ReadableStream<Uint8Array>> {
  const accept = 'application/vnd.apache.arrow.stream'
  const response = await server.fetch(`${path}/edges/hyperedges`, { headers: { accept } })
  if (!response.ok || response.body === null) throw new Error(await response.text())
  return response.body
}

async function readStream(server: BenchServer): Promise<{ ms: number; bytes: number }> {
  const began = performance.now()
  let bytes = 0
  for await (const chunk of await openStream(server)) bytes += chunk.length
  return { ms: performance.now() - began, bytes }
}

/** Read by Apache's library: every hyperedge is there, with the members that the data says. */
async function assertStream(set: Dataset, server: BenchServer): Promise<void> {
  const arrow = await tableFromIPC(await new Response(await openStream(server)).arrayBuffer())
  if (arrow.numRows !== edgeCount) throw new Error(`the stream has ${arrow.numRows} rows`)
  const members = arrow.getChild('members')
  let sum = 0
  let count = 0
  for (let row = 0; row < edgeCount; row++) {
    for (const node of members?.get(row) ?? []) {
      sum += Number(node)
      count++
    }
  }
  const wanted = set.members.reduce((total, node) => total + node, 0)
  if (sum !== wanted || count !== set.members.length) {
    throw new Error(`the stream has ${count} members of sum ${sum}`)
  }
  const first = [...(members?.get(0) ?? [])].map(Number)
  const earliest = set.ts.reduce(
    (least, at, edge) => (at < (set.ts[least] as number) ? edge : least),
    0,
  )
  if (String(first) !== String(membersOf(set, earliest))) {
    throw new Error(`the first hyperedge has the members ${first}`)
  }
}

/** Each request has its line in the log: what was measured was on. */
async function assertTold(logFile: string): Promise<void> {
  const logged = (await readFile(logFile, 'utf8')).split('\n')
  const answered = logged.filter(
    (line) => line.includes('/hyperedges') && line.includes('"status":200'),
  )
  const least = lookups * (1 + lookupTimes * (rounds + 1)) + batchesARound * (rounds + 1)
  console.log(`${answered.length} lines of the log, at least ${least} requests`)
  if (answered.length < least) throw new Error('there are answers that the log does not tell of')
}
