import { beforeEach, expect, test } from 'vitest'
import type { Database, Table } from '../lib/index.ts'
import { newDatabase } from './_database.ts'

const edgeCount = 60_000
const arity = 8
let db: Database
let edges: Table

beforeEach(async () => {
  db = await newDatabase()
  edges = await db.createTable('edges')
  await edges.insertColumns({
    at: Float64Array.from({ length: edgeCount }, (_, at) => at),
    memberOffsets: Uint32Array.from({ length: edgeCount + 1 }, (_, at) => at * arity),
    members: Uint32Array.from({ length: edgeCount * arity }, (_, at) => at % 5000),
  })
})

/** Of some 5 MB. */
const large = { columns: ['id', 'at', 'members'] } as const

test('a program that asks in a loop of its own does not run out of memory', () => {
  const size = edges.findSync(large).buffer.byteLength
  expect(size).toBeGreaterThan(4e6)
  const before = process.memoryUsage().rss
  // Without a turn of the event loop, of which finalizers would need one.
  for (let asked = 0; asked < 200; asked++) {
    expect(edges.findSync(large).rowCount).toBe(edgeCount)
  }
  expect(process.memoryUsage().rss - before).toBeLessThan((200 * size) / 2)
})

test('a large result that is held stays as it is while the memory of others is used again', async () => {
  const held = edges.findSync(large)
  const members = held.members
  const ids = held.ids.slice()
  for (let asked = 0; asked < 60; asked++) {
    // Backwards and of other columns, so that what is written over it would show.
    const other =
      asked % 2 === 0
        ? edges.findSync({ ...large, newestFirst: true })
        : await edges.find({ columns: ['at', 'weight', 'id'] })
    expect(other.rowCount).toBe(edgeCount)
    await new Promise(setImmediate)
  }
  expect(held.ids).toEqual(ids)
  const wrong = Array.from(members as Uint32Array).findIndex((member, at) => member !== at % 5000)
  expect(wrong).toBe(-1)
})
