import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openPlatform, withDirectory } from './_platform.ts'
import { runChild } from './_run-child.ts'
import { settledRows } from './_settled.ts'

const child = new URL('./_crash-child.ts', import.meta.url)

/** Kills at every second point; returns how many of the kills came after the load had landed. */
async function sweep(first: number): Promise<number> {
  let landed = 0
  await withDirectory(async (root) => {
    const data = join(root, 'data')
    const source = join(root, 'x.csv')
    let rows = 0
    for (let point = first; ; point += 2) {
      await writeFile(source, `a,b\n${point},x\n`)
      const printed = await runChild(child, [data, source, point])
      await using platform = await openPlatform(data)
      const after = await settledRows(platform)
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
