import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crashStates, runChild } from '@hypermesh/testing'
import { expect, test } from 'vitest'
import { openPlatform, type Platform, withDirectory } from './_platform.ts'
import { settledRows } from './_settled.ts'

const child = new URL('./_crash-child.ts', import.meta.url)

test(
  'a process that is killed at some points of a load leaves the table as it was or as it is to be',
  {
    timeout: 300_000,
  },
  () =>
    withDirectory(async (root) => {
      const data = join(root, 'data')
      const source = join(root, 'x.csv')
      let rows = 0
      // Each point is looked at below; here a real process dies at some of them.
      for (let point = 5, reached = true; reached; point += 12) {
        await writeFile(source, `a,b\n${point},x\n`)
        const { printed } = await runChild(child, [data, source, point])
        await using platform = await openPlatform(data)
        const after = await settledRows(platform)
        expect([rows, rows + 1]).toContain(after)
        if (printed.includes('acknowledged')) expect(after).toBe(rows + 1)
        rows = after
        reached = !printed.includes('unreached')
      }
      expect(rows).toBeGreaterThan(0)
    }),
)

/** Rows that the next process finds where this one dies, at each point of its work. */
async function rowsAfter(
  root: string,
  work: (platform: Platform) => Promise<unknown>,
): Promise<number[]> {
  await using platform = await openPlatform(root)
  await using crashes = await crashStates(root, async () => {
    await work(platform)
  })
  const rows: number[] = []
  for (const state of crashes.states) {
    await using next = await openPlatform(state)
    rows.push(await settledRows(next))
  }
  return rows
}

const body = (n: number) => `a,b\n${n},x\n`
const ascending = (rows: readonly number[]) => rows.toSorted((left, right) => left - right)

test.each([
  ['creates the table', 0],
  ['adds to it', 1],
])(
  'a process that dies at any fault point of a load that %s has made it or not',
  (_, before) =>
    withDirectory(async (root) => {
      if (before > 0) {
        await using first = await openPlatform(root)
        await first.client.ingest('crash.t', { body: body(1), format: 'csv' })
      }
      const rows = await rowsAfter(root, ({ client }) =>
        client.ingest('crash.t', { body: body(2), format: 'csv' }),
      )
      expect(rows.length).toBeGreaterThan(20)
      expect(rows).toEqual(ascending(rows))
      expect(new Set(rows)).toEqual(new Set([before, before + 1]))
      expect(rows.at(-1)).toBe(before + 1)
    }),
  120_000,
)

test(
  'a process that dies in a form that is one commit has loaded all of its files or none',
  () =>
    withDirectory(async (root) => {
      const files = [1, 2, 3].map((n) => ({ name: `${n}.csv`, body: body(n) }))
      const rows = await rowsAfter(root, ({ client }) =>
        client.ingestFiles('crash.t', files, { atomic: true }),
      )
      expect(rows.length).toBeGreaterThan(30)
      expect(rows).toEqual(ascending(rows))
      expect(new Set(rows)).toEqual(new Set([0, files.length]))
      expect(rows.at(-1)).toBe(files.length)
    }),
  120_000,
)
