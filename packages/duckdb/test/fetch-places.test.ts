import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { DuckDatabase } from '../src/database.ts'
import { FetchPlaces, fetchPlaces } from '../src/fetch-places.ts'

test('so many run at once, the rest in the order they came', async () => {
  const places = new FetchPlaces(2)
  const order: number[] = []
  const ends: (() => void)[] = []
  const runs = [0, 1, 2, 3].map((index) =>
    places.run(() => {
      order.push(index)
      return new Promise<void>((resolve) => ends.push(resolve))
    }),
  )
  expect([places.heldCount, places.waitingCount, order]).toEqual([2, 2, [0, 1]])
  ends[1]?.()
  await runs[1]
  expect(order).toEqual([0, 1, 2])
  for (const end of ends) end()
  await Promise.resolve()
  for (const index of [0, 2]) await runs[index]
  ends[3]?.()
  await runs[3]
  await expect(places.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect([places.heldCount, places.waitingCount]).toEqual([0, 0])
})

test('many results that wait for DuckDB leave threads to files', async () => {
  await using database = await DuckDatabase.open({
    // One for each statement, so that all have first rows.
    threads: 8,
    memoryBytes: 512 * 1024 * 1024,
    temporaryDirectory: tmpdir(),
    allowedDirectories: [],
  })
  const stopping = new AbortController()
  const { signal } = stopping
  // The first rows come at once, the next ones never.
  let chunks = 0
  const sql = 'SELECT i FROM range(1000000000000) t(i) WHERE i < 300000 OR i % 7 = 9'
  const sessions = await Promise.all(Array.from({ length: 8 }, () => database.connect()))
  const fetches = sessions.map(async (session) => {
    const stream = await session.stream(sql, { signal })
    while ((await stream.next()) !== undefined) chunks += 1
    return 'end'
  })
  const settled = Promise.allSettled(fetches)
  await nothingNew(() => chunks)
  const file = readFile(fileURLToPath(import.meta.url)).then(() => 'file')
  expect(await Promise.race([file, ...fetches])).toBe('file')
  expect(fetchPlaces.heldCount).toBe(Math.min(8, fetchPlaces.max))
  stopping.abort()
  await settled
  expect([fetchPlaces.heldCount, fetchPlaces.waitingCount]).toEqual([0, 0])
})

/** Resolves when the count is above 0 and has stayed the same over many turns of the event loop. */
async function nothingNew(count: () => number): Promise<void> {
  for (let [turns, last] = [0, 0]; turns < 20_000; turns += 1) {
    await new Promise((resolve) => setImmediate(resolve))
    if (count() === last && last > 0) continue
    last = count()
    turns = 0
  }
}
