import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openPlatform, type Platform, withDirectory } from './_platform.ts'

const child = fileURLToPath(new URL('./_crash-child.ts', import.meta.url))

function runChild(root: string, source: string, point: number): Promise<string> {
  const args = ['--import', 'tsx', '--conditions=hypermesh:source', child]
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [...args, root, source, String(point)], (error, stdout, stderr) => {
      if (error === null || error.signal === 'SIGKILL') resolve(stdout)
      else reject(new Error(`the child failed: ${stderr}`))
    })
  })
}

/** The table's rows and files by its metadata; every file there is must be one that it names. */
async function check(platform: Platform): Promise<number> {
  const { tables } = await platform.client.listTables()
  const files = await platform.warehouseFiles()
  const data = files.filter((path) => path.endsWith('.parquet'))
  expect(data).toHaveLength(tables[0]?.files ?? 0)
  if (tables.length === 0) expect(files).toEqual([])
  expect(await platform.leftovers()).toEqual([])
  return tables[0]?.rows ?? 0
}

test('a kill at any fault point leaves the table as it was or as it is to be', {
  timeout: 600_000,
}, async () => {
  await withDirectory(async (root) => {
    const data = join(root, 'data')
    const source = join(root, 'x.csv')
    let rows = 0
    let landed = 0
    for (let point = 1; ; point += 1) {
      await writeFile(source, `a,b\n${point},x\n`)
      const printed = await runChild(data, source, point)
      await using platform = await openPlatform(data)
      const after = await check(platform)
      expect([rows, rows + 1]).toContain(after)
      if (printed.includes('acknowledged')) expect(after).toBe(rows + 1)
      if (after > rows) landed += 1
      rows = after
      if (printed.includes('unreached')) break
    }
    expect(landed).toBeGreaterThan(1)
  })
})
