import type { RunningQuery } from '@hypermesh/contract'
import { type Platform, startPlatform } from '@hypermesh/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'

let platform: Platform

beforeAll(async () => {
  platform = await startPlatform({ config: { limits: { sqlConcurrencyMax: 1 } } })
})

afterAll(async () => {
  await platform[Symbol.asyncDispose]()
})

const endless = 'SELECT count(*) FROM range(1000000000) a, range(1000000000) b'
const clients = () => platform.clients

/** Asks until the list of what runs is as wanted. */
async function listed(
  wanted: (queries: readonly RunningQuery[]) => boolean,
): Promise<readonly RunningQuery[]> {
  for (;;) {
    const { queries } = await clients().admin.listQueries()
    if (wanted(queries)) return queries
  }
}

const isRunning = (id: string) => (queries: readonly RunningQuery[]) =>
  queries.some((query) => query.id === id && query.state === 'running')
const isIdle = (queries: readonly RunningQuery[]) => queries.length === 0

/** Keeps the refusal of a call for later, when others have had their turn. */
const outcomeOf = (call: Promise<unknown>) =>
  call.then(
    () => ({ code: 'none' }),
    (error: { code: string }) => error,
  )

test('a statement is stopped by its id, and its place is free again', async () => {
  const call = outcomeOf(clients().reader.sql(endless, { queryId: 'mine' }))
  const [query] = await listed(isRunning('mine'))
  expect(query).toMatchObject({ id: 'mine', sql: endless, state: 'running' })
  expect((await clients().reader.listQueries()).queries).toMatchObject([{ id: 'mine' }])
  await clients().reader.cancelQuery('mine')
  expect(await call).toMatchObject({
    code: 'cancelled',
    message: 'the statement mine was cancelled',
  })
  await listed(isIdle)
  expect((await clients().reader.sql('SELECT 1')).rows).toEqual([[1]])
  await expect(clients().reader.cancelQuery('mine')).rejects.toMatchObject({ code: 'not_found' })
})

test('a statement is its owner’s and an admin’s to see and to stop', async () => {
  const call = outcomeOf(clients().writer.sql(endless, { queryId: 'theirs' }))
  await listed(isRunning('theirs'))
  expect((await clients().reader.listQueries()).queries).toEqual([])
  await expect(clients().reader.cancelQuery('theirs')).rejects.toMatchObject({ code: 'not_found' })
  await clients().admin.cancelQuery('theirs')
  expect(await call).toMatchObject({ code: 'cancelled' })
  await listed(isIdle)
})

test('one that waits for its turn is stopped without having run', async () => {
  const first = outcomeOf(clients().reader.sql(endless, { queryId: 'first' }))
  await listed(isRunning('first'))
  const second = outcomeOf(clients().reader.sql(endless, { queryId: 'second' }))
  await listed((queries) => queries.some(({ state }) => state === 'waiting'))
  await clients().reader.cancelQuery('second')
  expect(await second).toMatchObject({ code: 'cancelled' })
  expect((await listed(isRunning('first'))).map(({ id }) => id)).toEqual(['first'])
  await clients().reader.cancelQuery('first')
  await first
  await listed(isIdle)
})

test('the id stands in the headers from the first byte, and stops the rest of a stream', async () => {
  const response = await platform.fetch('/v1/sql', {
    method: 'POST',
    key: platform.keys.reader,
    headers: { 'content-type': 'application/json', accept: 'application/x-ndjson' },
    body: JSON.stringify({ sql: `SELECT i, repeat('x', 1000) FROM range(100000000) t(i)` }),
  })
  const id = response.headers.get('x-hypermesh-query-id') ?? ''
  expect((await clients().reader.listQueries()).queries).toMatchObject([{ id, state: 'sending' }])
  await clients().reader.cancelQuery(id)
  await expect(response.text()).rejects.toThrow()
  await listed(isIdle)
})

test('an id may not be taken twice at once, nor be any text', async () => {
  const call = outcomeOf(clients().reader.sql(endless, { queryId: 'twice' }))
  await listed(isRunning('twice'))
  await expect(clients().writer.sql('SELECT 1', { queryId: 'twice' })).rejects.toMatchObject({
    code: 'exists',
  })
  await clients().reader.cancelQuery('twice')
  await call
  await listed(isIdle)
  await expect(clients().reader.sql('SELECT 1', { queryId: 'a b' })).rejects.toMatchObject({
    code: 'invalid',
  })
  const { queryId } = await clients().reader.sql('SELECT 1', { queryId: 'twice' })
  expect(queryId).toBe('twice')
  await listed(isIdle)
})

test('a client that goes away, and a deadline, end the statement too', async () => {
  const leaving = new AbortController()
  const call = outcomeOf(clients().reader.sql(endless, { queryId: 'left', signal: leaving.signal }))
  await listed(isRunning('left'))
  leaving.abort()
  expect(await call).toMatchObject({ code: 'cancelled' })
  await listed(isIdle)
  const late = outcomeOf(clients().reader.sql({ sql: endless, timeoutMs: 300 }))
  expect(await late).toMatchObject({ code: 'deadline' })
  await listed(isIdle)
})
