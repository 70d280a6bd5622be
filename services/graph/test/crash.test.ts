import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runChild, temporaryDirectory } from '@hypermesh/testing'
import { expect, test, vi } from 'vitest'
import { type OpenGraph, openGraph } from './_graph.ts'

// Each starts several processes, which a busy machine is slow at.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 })

const child = new URL('./_crash-child.ts', import.meta.url)
const rowCount = 50

/** A database with rows, and a backup of it. */
async function prepare(directory: string): Promise<void> {
  await using graph = await openGraph({ directory })
  await graph.call('PUT', '/old')
  await graph.call('POST', '/old/tables', { table: 't', members: ['Person'] })
  const hyperedges = Array.from({ length: rowCount }, (_, n) => ({
    at: n,
    members: [n],
    key: `${n}`,
  }))
  await graph.call('POST', '/old/tables/t/hyperedges', { hyperedges })
  await graph.call('POST', '/old/backups', { backup: 'kept' })
}

/** Whether it is there; if it is, it is whole. */
async function isWhole(graph: OpenGraph, database: string): Promise<boolean> {
  const { databases } = await graph.call<{ databases: { database: string; state: string }[] }>(
    'GET',
    '',
  )
  const found = databases.find((one) => one.database === database)
  if (found === undefined) return false
  expect(found.state).toBe('ready')
  expect(await graph.call('POST', `/${database}/check`)).toMatchObject({ faults: [] })
  return true
}

async function assertRows(graph: OpenGraph, database: string): Promise<void> {
  expect(await graph.call('GET', `/${database}/tables/t`)).toMatchObject({
    members: ['Person'],
    stats: { hyperedges: rowCount },
  })
}

async function backupsOf(graph: OpenGraph): Promise<string[]> {
  const { backups } = await graph.call<{ backups: { backup: string }[] }>('GET', '/old/backups')
  for (const { backup } of backups) {
    await graph.call('POST', `/of_${backup}/restore`, { backup, from: 'old' })
    await assertRows(graph, `of_${backup}`)
    await graph.call('DELETE', `/of_${backup}`)
  }
  return backups.map(({ backup }) => backup)
}

/** Asserts that the step was done or not, and tells which; then that it can be done, or is refused. */
const steps = {
  create: async (graph: OpenGraph) => {
    const isDone = await isWhole(graph, 'fresh')
    if (isDone) expect(await graph.call('GET', '/fresh/tables')).toEqual({ tables: [] })
    await graph.call('PUT', '/fresh')
    return isDone
  },
  drop: async (graph: OpenGraph) => {
    const isDone = !(await isWhole(graph, 'old'))
    if (isDone) return true
    await assertRows(graph, 'old')
    await graph.call('DELETE', '/old')
    return false
  },
  backup: async (graph: OpenGraph) => {
    const isDone = (await backupsOf(graph)).includes('b')
    if (!isDone) await graph.call('POST', '/old/backups', { backup: 'b' })
    await assertRows(graph, 'old')
    return isDone
  },
  'delete backup': async (graph: OpenGraph) => !(await backupsOf(graph)).includes('kept'),
  restore: async (graph: OpenGraph) => {
    const isDone = await isWhole(graph, 'fresh')
    if (!isDone) await graph.call('POST', '/fresh/restore', { backup: 'kept', from: 'old' })
    await assertRows(graph, 'fresh')
    return isDone
  },
}

test.concurrent.each(Object.entries(steps))(
  'killed at each point of: %s, it has happened or it has not',
  async (step, isDone) => {
    await using prepared = await temporaryDirectory()
    await prepare(prepared.path)
    const outcomes: string[] = []
    for (let point = 1, killed = true; killed; point += 1) {
      const directory = await mkdtemp(join(tmpdir(), 'hypermesh-crash-'))
      try {
        await cp(prepared.path, directory, { recursive: true })
        const crash = await runChild(child, [directory, step, point])
        killed = crash.killed
        await using graph = await openGraph({ directory })
        // Nothing is left of the process that died, wherever it made its drafts.
        expect(await readdir(join(directory, 'tmp'))).toHaveLength(1)
        const backups = await readdir(join(directory, 'graph-backups', 'old'))
        expect(backups.filter((name) => name.startsWith('.'))).toEqual([])
        const done = await isDone(graph)
        if (crash.printed === 'acknowledged') expect(done).toBe(true)
        outcomes.push(done ? 'done' : 'not')
      } finally {
        await rm(directory, { recursive: true, force: true })
      }
    }
    // First it has not happened, from one point on it has.
    expect(outcomes.join(' ')).toMatch(/^(not )+(done ?)+$/)
    expect(outcomes.length).toBeGreaterThan(4)
  },
  600_000,
)
