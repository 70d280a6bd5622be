import { AsyncLocalStorage } from 'node:async_hooks'
import { expect, test } from 'vitest'
import { newDatabase } from './_database.ts'

/** A timer's turn of the event loop. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

test('a commit is told however the loop that waits awake for it is kept busy', async () => {
  const db = await newDatabase({ durability: 'sync' })
  const table = await db.createTable('t')
  let told = 0
  const insert = async (at: number) => {
    const { id } = await table.insert({ at, members: [at] })
    expect(id).toBeGreaterThan(0)
    told++
  }
  let asked = 0
  for (let round = 0; round < 300; round++) {
    const waiting = [insert(asked++)]
    // Another, at once or a turn later, ends the waiting awake, before or after the first is done.
    if (round % 3 === 1) waiting.push(insert(asked++))
    if (round % 3 === 2) {
      await turn()
      waiting.push(insert(asked++))
      // Longer than the loop stays awake.
      const until = performance.now() + 1
      while (round % 30 === 2 && performance.now() < until);
    }
    await Promise.all(waiting)
  }
  expect(told).toBe(asked)
  await expect(table.count()).resolves.toBe(asked)
})

test('a lone commit goes on in the context that asked for it, and lets all else go on meanwhile', async () => {
  const db = await newDatabase({ durability: 'sync' })
  const table = await db.createTable('t')
  const storage = new AsyncLocalStorage<number>()
  for (let at = 0; at < 50; at++) {
    const order: string[] = []
    await storage.run(at, async () => {
      process.nextTick(() => order.push('tick'))
      const { seq } = await table.insert({ at, members: [at] })
      expect(storage.getStore()).toBe(at)
      expect(seq).toBe(at + 2)
      // Ticks and microtasks that it queues run at once, without anything else that wakes the loop.
      await new Promise<void>((resolve) => process.nextTick(resolve))
      order.push('told')
    })
    expect(order).toEqual(['tick', 'told'])
  }
})

test('what throws once a lone commit is told is an uncaught exception, and later commits are told', async () => {
  const db = await newDatabase({ durability: 'sync' })
  const table = await db.createTable('t')
  for (let at = 0; at < 20; at++) {
    const uncaught = new Promise((resolve) => process.once('uncaughtException', resolve))
    void table.insert({ at, members: [at] }).then(() =>
      process.nextTick(() => {
        throw new Error(`after ${at}`)
      }),
    )
    expect(await uncaught).toEqual(new Error(`after ${at}`))
  }
  expect(await table.count()).toBe(20)
})
