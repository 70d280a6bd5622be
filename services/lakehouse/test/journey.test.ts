import { startPlatform } from '@hypermesh/testing'
import { expect, test } from 'vitest'

test('a file goes in and SQL comes out, by the roles that may', async () => {
  await using platform = await startPlatform({ network: true })
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
  await expect(reader.ingest('demo.numbers', { body, name: 'numbers.csv' })).rejects.toMatchObject({
    code: 'forbidden',
  })
})
