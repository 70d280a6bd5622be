import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { createClient } from '@hypermesh/client'
import { type Platform, startPlatform } from '@hypermesh/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'

let platform: Platform
const concurrencyMax = 4

beforeAll(async () => {
  platform = await startPlatform({
    network: true,
    config: { limits: { sqlConcurrencyMax: concurrencyMax } },
  })
})

afterAll(async () => {
  await platform[Symbol.asyncDispose]()
})

test('64 clients at once are bounded, all are answered, and files are read meanwhile', async () => {
  const { admin } = platform.clients
  const keys = await Promise.all(
    [1, 2, 3, 4].map((n) => admin.createKey({ name: `k${n}`, role: 'reader' })),
  )
  const clients = keys.flatMap(({ secret }) =>
    Array.from({ length: 16 }, () =>
      createClient({ key: secret, ...(platform.url ? { url: platform.url } : {}) }),
    ),
  )
  let answered = 0
  const answers = clients.map(async (client, index) => {
    const { rows } = await client.sql({
      sql: `SELECT count(*) + $1 FROM range(300000) t(i) WHERE hash(i) >= 0`,
      parameters: [index],
    })
    answered += 1
    return rows
  })
  const seen: { running: number; answered: number }[] = []
  while (answered < clients.length) {
    const { queries } = await admin.listQueries()
    seen.push({ running: queries.filter(({ state }) => state !== 'waiting').length, answered })
    await readFile(fileURLToPath(import.meta.url))
  }
  expect((await Promise.all(answers)).map((rows) => rows[0]?.[0])).toEqual(
    clients.map((_, index) => 300_000 + index),
  )
  expect(Math.max(...seen.map(({ running }) => running))).toBeLessThanOrEqual(concurrencyMax)
  // Others were served while statements waited: the list and the file, again and again.
  expect(seen.filter(({ answered }) => answered < clients.length).length).toBeGreaterThan(3)
})

test('one who sends much does not keep another from being answered', async () => {
  const { writer, reader, admin } = platform.clients
  const order: string[] = []
  const many = Array.from({ length: 40 }, async () => {
    await writer.sql('SELECT count(*) FROM range(2000000) t(i) WHERE hash(i) >= 0')
    order.push('many')
  })
  while ((await admin.listQueries()).queries.length < 30);
  await reader.sql('SELECT 1')
  order.push('one')
  await Promise.all(many)
  expect(order).toHaveLength(41)
  expect(order.indexOf('one')).toBeLessThan(20)
})
