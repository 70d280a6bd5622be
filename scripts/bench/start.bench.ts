import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startPlatform } from '@hypermesh/testing'
import { alternate, type Bench, describeTimes, median } from './figures.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const program = join(root, 'packages/cli/bin/hypermesh.cjs')
const commits = 10_000
const tables = 100

/**
 * From the spawn of the built program to its readiness line. The baseline is a Node process that
 * opens the same DuckDB and answers `SELECT 1`: what no start of ours could be faster than.
 */
export const bench: Bench = async () => {
  const empty = await mkdtemp(join(tmpdir(), 'hypermesh-bench-'))
  try {
    const full = await directoryWithCommits()
    console.log(`@duckdb/node-api ${versionOf('@duckdb/node-api')}`)
    console.log(`${commits} commits in ${tables} tables, log ${await hashOfLog(full)}`)
    const first = await alternate({
      // A directory that does not exist yet: the key and the log are made on the way.
      ours: () => timeToReady(join(empty, String(performance.now()))),
      baseline: timeToDuckDb,
    })
    const second = await alternate({ ours: () => timeToReady(full), baseline: timeToDuckDb })
    console.log(describeTimes('node + DuckDB', [...first.baseline, ...second.baseline]))
    console.log(describeTimes('empty platform', first.ours))
    console.log(describeTimes(`platform with ${commits} commits`, second.ours))
    const seconds = (values: readonly number[]) => median(values) / 1000
    return [
      { figure: 'start-empty', value: seconds(first.ours), unit: 's', target: { atMost: 1.5 } },
      { figure: 'start-10000', value: seconds(second.ours), unit: 's', target: { atMost: 3 } },
    ]
  } finally {
    await rm(empty, { recursive: true, force: true })
  }
}

async function timeToReady(data: string): Promise<number> {
  const began = performance.now()
  const server = spawn(process.execPath, [
    program,
    'serve',
    '--data',
    data,
    '--port',
    '0',
    '--json',
  ])
  const exited = new Promise<void>((resolve) => server.once('exit', () => resolve()))
  const errors: string[] = []
  server.stderr.on('data', (chunk) => errors.push(String(chunk)))
  const elapsed = await new Promise<number>((resolve, reject) => {
    server.stdout.on('data', (chunk) => {
      if (String(chunk).includes('"url"')) resolve(performance.now() - began)
    })
    server.once('exit', (code) => reject(new Error(`serve ended with ${code}: ${errors.join('')}`)))
  })
  server.kill('SIGTERM')
  await exited
  return elapsed
}

async function timeToDuckDb(): Promise<number> {
  const code = `
    import { DuckDBInstance } from '@duckdb/node-api'
    const connection = await (await DuckDBInstance.create(':memory:')).connect()
    await connection.runAndReadAll('SELECT 1')
    process.exit(0)`
  const began = performance.now()
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { cwd: root })
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (status) => (status === 0 ? resolve() : reject(new Error(`exit ${status}`))))
  })
  return performance.now() - began
}

/** Made once by real commits and kept, because making it takes minutes. */
async function directoryWithCommits(): Promise<string> {
  const kept = join(root, '.bench', `start-${commits}-${tables}`)
  const made = await readFile(join(kept, 'made'), 'utf8').catch(() => undefined)
  if (made !== undefined) return kept
  console.log(`making ${commits} commits, once`)
  await rm(kept, { recursive: true, force: true })
  await mkdir(join(root, '.bench'), { recursive: true })
  const draft = await mkdtemp(join(root, '.bench', 'draft-'))
  {
    await using platform = await startPlatform({ directory: draft })
    await makeCommits(platform.clients.admin)
  }
  await writeFile(join(draft, 'made'), new Date().toISOString())
  await rename(draft, kept)
  return kept
}

type Client = Awaited<ReturnType<typeof startPlatform>>['clients']['admin']

async function makeCommits(client: Client): Promise<void> {
  const schema = {
    type: 'struct' as const,
    fields: [{ id: 1, name: 'value', type: 'long', required: false }],
  }
  await client.createNamespace({ namespace: ['bench'] })
  for (let table = 0; table < tables; table++) {
    await client.createTable('bench', { name: `t${table}`, schema })
  }
  for (let commit = tables + 1; commit < commits; commit++) {
    const updates = [{ action: 'set-properties' as const, updates: { commit: String(commit) } }]
    const name = { namespace: 'bench', table: `t${commit % tables}` }
    await client.commitTable(name, { requirements: [], updates })
  }
}

async function hashOfLog(data: string): Promise<string> {
  const log = join(data, 'catalog', 'log')
  const hash = createHash('sha256')
  for (const name of (await readdir(log)).sort()) hash.update(await readFile(join(log, name)))
  return `sha256:${hash.digest('hex').slice(0, 16)}`
}

function versionOf(dependency: string): string {
  const manifest = join(root, 'node_modules', dependency, 'package.json')
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
}
