import { expect, test } from 'vitest'
import type { GraphDatabase } from './graph-database.ts'
import { NodeKinds } from './node-kinds.ts'

test('a look that ended early is made again from where it began', async () => {
  const pages = [
    { snapshotSeq: 9, members: new Uint32Array([1, 2]) },
    { snapshotSeq: 9, members: ['ann'] },
  ]
  let readable = 1
  const table = {
    schema: { id: 1 },
    async *pages({ where }: { where?: { gt: number } }) {
      // All rows are of commits up to 9.
      if ((where?.gt ?? 0) >= 9) return
      yield* pages.slice(0, readable)
      if (readable < pages.length) throw new Error('the device is gone')
    },
  }
  // Only what NodeKinds reads.
  const database = { engine: { table: () => table } } as unknown as GraphDatabase
  const kinds = new NodeKinds()
  const { signal } = new AbortController()
  await expect(kinds.of(database, 't', signal)).rejects.toThrow('the device is gone')
  readable = 2
  expect(await kinds.of(database, 't', signal)).toEqual({ nodes: 'text', seq: 9 })
})
