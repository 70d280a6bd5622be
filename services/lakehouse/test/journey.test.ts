import { startPlatform, topologies } from '@hypermesh/testing'
import { expect, test } from 'vitest'

test.each(topologies)(
  'a file goes in and SQL comes out, by the roles that may (%s)',
  async (topology) => {
    await using platform = await startPlatform({ topology, network: true })
    const { writer, reader } = platform.clients
    const body = 'id,name\n1,one\n2,two\n'
    const receipt = await writer.ingest('demo.numbers', { body, name: 'numbers.csv' })
    expect(receipt).toMatchObject({ result: 'committed', rows: 2 })
    const reply = await reader.sql({ sql: 'select name from demo.numbers order by id desc' })
    expect(reply.rows).toEqual([['two'], ['one']])
    expect(await writer.ingest('demo.numbers', { body, name: 'numbers.csv' })).toMatchObject({
      result: 'already-loaded',
      rows: 0,
    })
    await expect(
      reader.ingest('demo.numbers', { body, name: 'numbers.csv' }),
    ).rejects.toMatchObject({
      code: 'forbidden',
    })
  },
)

test.each(topologies)('a job, an object and a cancelled statement (%s)', async (topology) => {
  await using platform = await startPlatform({ topology, network: true })
  const { writer, reader } = platform.clients
  const { id } = await writer.submitIngest('demo.later', { body: 'a\n1\n2\n', format: 'csv' })
  expect(await writer.waitForJob(id)).toMatchObject({ state: 'succeeded', receipt: { rows: 2 } })
  expect((await reader.sql('SELECT sum(a) FROM demo.later')).rows).toEqual([[3]])
  const bytes = Buffer.alloc(3_000_000, 'split')
  await writer.putObject('a/b', bytes)
  const { body } = await reader.getObject('a/b')
  expect(bytes.equals(Buffer.from(await new Response(body).arrayBuffer()))).toBe(true)
  const stop = new AbortController()
  const endless = 'SELECT sum(a.i * b.i) FROM range(100000000) a(i), range(100000000) b(i)'
  const statement = reader.sql(endless, { signal: stop.signal })
  await expect.poll(async () => (await reader.listQueries()).queries.length).toBe(1)
  stop.abort()
  await expect(statement).rejects.toMatchObject({ code: 'cancelled' })
  await expect.poll(async () => (await reader.listQueries()).queries.length).toBe(0)
  await expect(reader.sql(endless, { timeoutMs: 300 })).rejects.toMatchObject({ code: 'deadline' })
})
