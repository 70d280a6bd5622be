import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runChild } from '@hypermesh/testing'
import { expect, test } from 'vitest'
import { openStore, scenarios } from './_steps.ts'

const program = new URL('./_crash.ts', import.meta.url)

test.concurrent.each(Object.keys(scenarios))(
  'a process killed at any point of %s leaves the object before or after, and nothing else',
  async (name) => {
    const { key, before, after } = scenarios[name] ?? expect.unreachable()
    const seen = new Set<string | undefined>()
    const points = await sweep(name, async (root) => {
      const { store, data } = await openStore(root)
      if (before !== undefined) await store.put(key, Buffer.from(before))
      await store.put('neighbour', Buffer.from('untouched'))
      await data[Symbol.asyncDispose]()
    })(async (root) => {
      const { store, data } = await openStore(root)
      await data.removeAbandoned()
      expect(await readdir(join(root, 'tmp'))).toHaveLength(1)
      expect(await readdir(data.temporary)).toEqual(['alive.sock', 'owner.json'])
      const state = (await store.head(key)) && Buffer.from(await store.read(key)).toString()
      expect([before, after]).toContain(state)
      seen.add(state)
      const keys = (await store.list({ limit: 10 })).objects.map((object) => object.key)
      expect(keys).toEqual([...(state === undefined ? [] : [key]), 'neighbour'].sort())
      // The store goes on as if nothing had happened, whatever directories are left.
      await store.put(key, Buffer.from('again'))
      await store.delete(key)
      await store.put(key.slice(0, key.indexOf('/')), Buffer.from('an object in their place'))
      await data[Symbol.asyncDispose]()
    })
    expect(points).toBeGreaterThan(3)
    expect([...seen]).toHaveLength(2)
  },
  180_000,
)

test.concurrent('a process killed while it opens a data directory leaves nothing', async () => {
  const points = await sweep(
    'open',
    async () => undefined,
  )(async (root) => {
    const { data } = await openStore(root)
    await data.removeAbandoned()
    expect(await readdir(join(root, 'tmp'))).toHaveLength(1)
    await data[Symbol.asyncDispose]()
    expect(await readdir(join(root, 'tmp'))).toEqual([])
  })
  expect(points).toBeGreaterThan(3)
}, 180_000)

/** Kills at point 1, 2, … until the step passes whole. Returns how many points there were. */
function sweep(name: string, prepare: (root: string) => Promise<void>) {
  return async (check: (root: string) => Promise<void>): Promise<number> => {
    for (let point = 1; ; point += 1) {
      const root = await mkdtemp(join(tmpdir(), 'hypermesh-crash-'))
      try {
        await prepare(root)
        const { killed } = await runChild(program, [root, name, point])
        await check(root)
        if (!killed) return point - 1
      } finally {
        await rm(root, { recursive: true, force: true })
      }
    }
  }
}
