import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import {
  Database,
  EngineError,
  type HyperedgeInput,
  type OpenOptions,
  type Table,
} from '../lib/index.ts'

/** A new directory, removed when the test is over. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'hypergraph-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** A new database, closed when the test is over. */
export async function newDatabase(options: OpenOptions = {}): Promise<Database> {
  const db = await Database.open(join(await temporaryDirectory(), 'graph.db'), {
    durability: 'os',
    ...options,
  })
  onTestFinished(() => db.close())
  return db
}

/** A table with a property of each type. */
export async function callsOf(db: Database): Promise<Table> {
  return await db.createTable('calls', {
    properties: { flag: 'bool', count: 'int64', amt: 'float64', kind: 'string', seen: 'timestamp' },
    indexes: { by_amt: ['label', 'amt'] },
    arityMax: 5,
  })
}

/** Hyperedges of all kinds, the same each time. */
export function sampleRows(count: number): HyperedgeInput[] {
  return Array.from({ length: count }, (_, at) => ({
    at: at * 10,
    members:
      at % 3 === 0
        ? [`node ${at % 17}`, at % 11]
        : { host: [`node ${at % 17}`], guest: [2n ** 60n + BigInt(at % 5), 'ü'] },
    ...(at % 2 === 0 ? { label: at % 4 === 0 ? 'even' : 'odd' } : {}),
    ...(at % 5 === 0 ? { until: at * 10 + 1 } : {}),
    ...(at % 7 === 0 ? { key: `key ${at}` } : {}),
    weight: at / 4,
    props: {
      amt: at % 6 === 0 ? null : at / 8,
      kind: at % 4 === 0 ? '' : `kind "${at}",\n`,
      flag: at % 2 === 0,
      count: 2n ** 60n + BigInt(at),
      seen: BigInt(at) * 1_000_001n,
    },
  }))
}

/** The code that the work fails with; undefined when it does not. */
export async function codeOf(work: () => unknown): Promise<string | undefined> {
  try {
    await work()
  } catch (error) {
    return error instanceof EngineError ? error.code : `not ours: ${String(error)}`
  }
  return undefined
}

/** Runs a script of this folder in a process of its own. */
export async function runChild(
  script: string,
  args: readonly string[],
  nodeFlags: readonly string[] = [],
): Promise<{ code: number | null; signal: NodeJS.Signals | null; output: string }> {
  const flags = [...nodeFlags, '--import', 'tsx']
  const file = join(import.meta.dirname, script)
  const child = spawn(process.execPath, [...flags, file, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  return await new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, output }))
  })
}
