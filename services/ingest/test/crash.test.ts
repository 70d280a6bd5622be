import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { reachableFiles, Warehouse } from '@hypermesh/iceberg'
import { DiskStore } from '@hypermesh/object-store'
import { expect, test } from 'vitest'
import { openPlatform, type Platform, withDirectory } from './_platform.ts'

const child = fileURLToPath(new URL('./_crash-child.ts', import.meta.url))

function runChild(root: string, source: string, point: number): Promise<string> {
  const args = ['--import', 'tsx/esm', '--conditions=hypermesh:source', child]
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [...args, root, source, String(point)], (error, stdout, stderr) => {
      if (error === null || error.signal === 'SIGKILL') resolve(stdout)
      else reject(new Error(`the child failed: ${stderr}`))
    })
  })
}

/** The table's rows by its metadata; every file there is must be one that it names. */
async function check(platform: Platform): Promise<number> {
  const { tables } = await platform.client.listTables()
  expect(await platform.warehouseFiles()).toEqual(tables.length === 0 ? [] : await named(platform))
  expect(await platform.leftovers()).toEqual([])
  return tables[0]?.rows ?? 0
}

/** What the table names, data and metadata, as paths below the warehouse. */
async function named({ root, client }: Platform): Promise<string[]> {
  const store = new DiskStore({ root, temporary: join(root, 'tmp') })
  const warehouse = new Warehouse(store, `file://${root}/warehouse`)
  const table = await client.loadTable('crash.t')
  const uris = await reachableFiles({ warehouse }, table.metadata)
  const keys = [...uris, table['metadata-location'] ?? ''].map((uri) => warehouse.toKey(uri))
  return keys.map((key) => relative('warehouse', key)).sort()
}

/** Kills at every second point; returns how many of the kills came after the load had landed. */
async function sweep(first: number): Promise<number> {
  let landed = 0
  await withDirectory(async (root) => {
    const data = join(root, 'data')
    const source = join(root, 'x.csv')
    let rows = 0
    for (let point = first; ; point += 2) {
      await writeFile(source, `a,b\n${point},x\n`)
      const printed = await runChild(data, source, point)
      await using platform = await openPlatform(data)
      const after = await check(platform)
      expect([rows, rows + 1]).toContain(after)
      if (printed.includes('acknowledged')) expect(after).toBe(rows + 1)
      if (printed.includes('unreached')) {
        expect(point).toBeGreaterThan(20)
        return
      }
      if (after > rows) landed += 1
      rows = after
    }
  })
  return landed
}

test('a kill at any fault point leaves the table as it was or as it is to be', {
  timeout: 600_000,
}, async () => {
  // Side by side, since the start of a process keeps one core busy.
  const landed = await Promise.all([sweep(1), sweep(2)])
  expect(landed.reduce((sum, of) => sum + of)).toBeGreaterThan(0)
})
