import { Readable } from 'node:stream'
import type { Figure } from './figures.ts'
import type { BenchServer } from './server.ts'

const heavy = 8
const probes = 2000
/** Few enough that making them does not delay the probes of this process. */
const chunkRows = 2000

/**
 * The 99th percentile of /healthz, asked one after another, while eight heavy statements run all the
 * time and a load streams in.
 */
export async function measureHealth(
  server: BenchServer,
  statements: readonly string[],
): Promise<Figure> {
  const stop = new AbortController()
  let answered = 0
  const asking = Array.from({ length: heavy }, async (_, lane) => {
    const sql = statements[lane % statements.length] as string
    while (!stop.signal.aborted) {
      await server.client.sql(sql)
      answered++
    }
  })
  const table = `bench.load_${Date.now()}`
  const loading = server.client.ingest(table, {
    format: 'csv',
    body: Readable.toWeb(Readable.from(csv(stop.signal))) as ReadableStream<Uint8Array>,
  })
  const { at } = await probeHealth(server, probes)
  stop.abort()
  await Promise.all(asking)
  const { rows } = await loading
  await server.client.dropTable(table, { purge: true })
  console.log(
    `healthz: p50 ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms of ${probes}, while ` +
      `${answered} statements and a load of ${rows} rows ran`,
  )
  return { figure: 'query-healthz-p99', value: at(0.99), unit: 'ms', target: { atMost: 50 } }
}

/** How long /healthz takes, asked one after another: `at` a share of the sorted times, in milliseconds. */
export async function probeHealth(
  server: BenchServer,
  probes: number,
): Promise<{ readonly at: (share: number) => number }> {
  const times: number[] = []
  for (let probe = 0; probe < probes; probe++) {
    const began = performance.now()
    const response = await fetch(`${server.url}/healthz`)
    await response.arrayBuffer()
    times.push(performance.now() - began)
  }
  times.sort((a, b) => a - b)
  return { at: (share) => times[Math.floor(times.length * share)] ?? Number.NaN }
}

async function* csv(signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder()
  yield encoder.encode('id,name,amount\n')
  for (let row = 0; !signal.aborted; row += chunkRows) {
    let text = ''
    for (let i = row; i < row + chunkRows; i++) text += `${i},name ${i % 977},${i / 4}\n`
    yield encoder.encode(text)
    // Lets the probes of this process have their turn: what is measured is the server.
    await new Promise((resolve) => setImmediate(resolve))
  }
}
