import { randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { reachableFiles, Warehouse } from '@hypermesh/iceberg'
import { DiskStore } from '@hypermesh/object-store'
import { runChild } from '@hypermesh/testing'
import { expect, test } from 'vitest'
import { openCatalog, schema, withDirectory } from './_catalog.ts'

const child = new URL('_crash-child.ts', import.meta.url)

async function appendAndDie(root: string, commitId: string, point: number, every: number) {
  const { killed, printed } = await runChild(child, [root, commitId, point, every])
  return { killed, acknowledged: printed === 'acknowledged' }
}

async function appendFirst(root: string): Promise<void> {
  await using catalog = await openCatalog(root)
  const files = [await catalog.dataFile('n.t', 'first', 10)]
  const commit = { commitId: randomUUID(), mode: 'append' as const, files, base: null, schema }
  await catalog.client.appendFiles('n.t', commit)
}

/** Every metadata file of the table is named by it: nothing is left of what did not land. */
async function strangers(root: string): Promise<string[]> {
  await using catalog = await openCatalog(root)
  const table = await catalog.client.loadTable('n.t').catch(() => undefined)
  const directory = join(root, 'warehouse/n/t/metadata')
  const there = await readdir(directory).catch(() => [])
  if (table === undefined) return there
  const temporary = join(root, 'tmp')
  const store = new DiskStore({ root, temporary })
  const warehouse = new Warehouse(store, `file://${root}/warehouse`)
  const named = await reachableFiles({ warehouse }, table.metadata)
  return there.filter((name) => {
    const uri = `file://${root}/warehouse/n/t/metadata/${name}`
    return !named.has(uri) && uri !== table['metadata-location']
  })
}

test.concurrent.each([
  ['that creates the table', { prior: 0, every: 100, together: 1 }],
  ['that is due a checkpoint', { prior: 1, every: 1, together: 1 }],
  ['of three writers together', { prior: 1, every: 1, together: 3 }],
])(
  'killed at any point of a commit %s, it has happened or it has not',
  async (_, { prior, every, together }) => {
    let acknowledgedOnce = false
    // Each point is looked at in crash-states.test.ts; here a real process dies at some of them.
    for (let point = 1, killed = true; killed; point += 4) {
      await withDirectory(async (root) => {
        if (prior > 0) await appendFirst(root)
        const commitIds = Array.from({ length: together }, () => randomUUID())
        const crash = await appendAndDie(root, commitIds.join(','), point, every)
        killed = crash.killed
        acknowledgedOnce ||= crash.acknowledged
        expect(await strangers(root)).toEqual([])
        await using catalog = await openCatalog(root)
        expect(await readdir(join(root, 'tmp'))).toHaveLength(1)
        const history = await catalog.client.tableHistory('n.t').catch(() => ({ snapshots: [] }))
        const landed = history.snapshots.length - prior
        expect([0, 1]).toContain(landed)
        if (crash.acknowledged) expect(landed).toBe(1)
        for (const commitId of commitIds) {
          const { outcome } = await catalog.client.settleCommit(commitId, { sinceSeq: 0 })
          expect(outcome).toBe(landed === 1 ? 'committed' : 'abandoned')
        }
      })
      if (!killed) expect(point).toBeGreaterThan(20)
    }
    expect(acknowledgedOnce).toBe(true)
  },
  300_000,
)
