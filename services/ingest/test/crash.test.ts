import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crashStates } from '@hypermesh/testing'
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

test(
  'a process that dies in a form that is one commit has loaded all of its files or none',
  () =>
    withDirectory(async (root) => {
      await using platform = await openPlatform(root)
      const files = [1, 2, 3].map((n) => ({ name: `${n}.csv`, body: `a,b\n${n},x\n` }))
      await using crashes = await crashStates(root, async () => {
        await platform.client.ingestFiles('crash.t', files, { atomic: true })
      })
      expect(crashes.points.length).toBeGreaterThan(30)
      const rows: number[] = []
      for (const state of crashes.states) {
        await using next = await openPlatform(state)
        rows.push(await settledRows(next))
      }
      expect(rows).toEqual(rows.toSorted((left, right) => left - right))
      expect(new Set(rows)).toEqual(new Set([0, files.length]))
      expect(rows.at(-1)).toBe(files.length)
    }),
  120_000,
)
