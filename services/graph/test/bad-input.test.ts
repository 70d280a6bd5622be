import { expect, test } from 'vitest'
import { openGraph } from './_graph.ts'

test('names that are no identifiers, or are the service’s own, are refused at every door', async () => {
  await using graph = await openGraph()
  await graph.call('PUT', '/d')
  await graph.call('POST', '/d/tables', { table: 'E' })
  const names = ['E; DELETE FROM api_keys; --', '../../etc', '1a', 'a b', 'a"b', '', 'x'.repeat(65)]
  const rows = { hyperedges: [{ at: 0, members: ['a'] }] }
  for (const name of [...names, 'hm_tables', 'HM_x']) {
    const part = encodeURIComponent(name)
    const table = { code: name === '' ? 'not_found' : 'invalid_name' }
    await expect(graph.call('POST', '/d/tables', { table: name })).rejects.toMatchObject({
      code: 'invalid_name',
    })
    await expect(graph.call('GET', `/d/tables/${part}`)).rejects.toMatchObject(table)
    await expect(graph.call('DELETE', `/d/tables/${part}`)).rejects.toMatchObject(table)
    const hyperedges = `/d/tables/${part}/hyperedges`
    await expect(graph.call('POST', hyperedges, rows)).rejects.toMatchObject(table)
    await expect(graph.call('GET', hyperedges)).rejects.toMatchObject(table)
    if (name.startsWith('h') || name.startsWith('H')) continue
    await expect(graph.call('PUT', `/${part}`)).rejects.toMatchObject(table)
    await expect(graph.call('DELETE', `/${part}`)).rejects.toMatchObject(table)
  }
  expect(await graph.call('GET', '')).toMatchObject({ databases: [{ database: 'd', tables: 1 }] })
})

const table = '/d/tables/t'
const good = { at: 1, members: ['a', 'b'] }
const long = 'x'.repeat(300)

/** A batch whose last row is bad: what it must be refused with. */
const badRows: readonly (readonly [string, unknown, string])[] = [
  ['no members', { at: 1 }, 'invalid'],
  ['members empty', { at: 1, members: [] }, 'invalid'],
  ['a member repeated', { at: 1, members: ['a', 'a'] }, 'invalid'],
  ['too many members', { at: 1, members: ['a', 'b', 'c', 'd'] }, 'too_large'],
  ['a node that is empty', { at: 1, members: [''] }, 'invalid'],
  ['a node that is negative', { at: 1, members: [-1] }, 'invalid'],
  ['a node with a fraction', { at: 1, members: [1.5] }, 'invalid'],
  ['a node that is null', { at: 1, members: [null] }, 'invalid'],
  ['a node that is true', { at: 1, members: [true] }, 'invalid'],
  ['a node beyond 2^64', { at: 1, members: [{ int: '18446744073709551616' }] }, 'invalid'],
  ['a node of no digits', { at: 1, members: [{ int: 'x' }] }, 'invalid'],
  ['no time', { members: ['a'] }, 'invalid'],
  ['a time that is no instant', { at: 'yesterday', members: ['a'] }, 'invalid'],
  ['a time that is none of the calendar', { at: '2023-02-31', members: ['a'] }, 'invalid'],
  ['a time out of range', { at: 1e18, members: ['a'] }, 'invalid'],
  ['a time that is null', { at: null, members: ['a'] }, 'invalid'],
  ['an end before its start', { at: 2, until: 1, members: ['a'] }, 'invalid'],
  ['a weight that is text', { at: 1, members: ['a'], weight: '1' }, 'invalid'],
  ['a property of another type', { at: 1, members: ['a'], props: { n: 'x' } }, 'type_mismatch'],
  ['an int64 with a fraction', { at: 1, members: ['a'], props: { n: 1.5 } }, 'type_mismatch'],
  ['a text that is a number', { at: 1, members: ['a'], props: { s: 1 } }, 'type_mismatch'],
  ['a property that there is not', { at: 1, members: ['a'], props: { zz: 1 } }, 'not_found'],
  ['a field that there is not', { at: 1, members: ['a'], wieght: 1 }, 'invalid'],
  ['a key too long', { at: 1, members: ['a'], key: long }, 'too_large'],
  ['a key that is a number', { at: 1, members: ['a'], key: 1 }, 'invalid'],
  ['a label that is empty', { at: 1, members: ['a'], label: '' }, 'invalid'],
  ['roles of another number', { at: 1, members: ['a'], roles: ['x', 'y'] }, 'invalid'],
  ['a row that is null', null, 'invalid'],
  ['a row that is a list', [1], 'invalid'],
  ['a row that is text', 'x', 'invalid'],
]

test.each(badRows)(
  '%s: a typed error by every way in, and nothing is written',
  async (_, row, code) => {
    await using graph = await openGraph()
    await graph.call('PUT', '/d')
    const properties = { n: 'int64', s: 'string' }
    await graph.call('POST', '/d/tables', { table: 't', properties, arity_max: 3 })
    const hyperedges = [good, row]
    const refused = expect.objectContaining({ code })
    await expect(graph.call('POST', `${table}/hyperedges`, { hyperedges })).rejects.toEqual(refused)
    const operations = [
      { insert: { table: 't', hyperedges: [good] } },
      { insert: { table: 't', hyperedges } },
    ]
    await expect(graph.call('POST', '/d/transactions', { operations })).rejects.toEqual(refused)
    const lines = hyperedges.map((one) => `${JSON.stringify(one)}\n`).join('')
    for (const path of [`${table}/hyperedges`, `${table}/import`]) {
      const type = { 'content-type': 'application/x-ndjson' }
      const answer = await graph.send('POST', path, { body: lines, headers: type })
      expect([path, await answer.json()]).toMatchObject([path, { error: { code } }])
    }
    expect(await graph.call('GET', `${table}/hyperedges`)).toMatchObject({ hyperedges: [] })
    expect(await graph.call('GET', table)).toMatchObject({ stats: { hyperedges: 0, records: 0 } })
  },
)

test('questions that make no sense are typed errors, cursors of another question among them', async () => {
  await using graph = await openGraph()
  await graph.call('PUT', '/d')
  await graph.call('POST', '/d/tables', { table: 't', properties: { n: 'int64' } })
  const hyperedges = Array.from({ length: 5 }, (_, at) => ({
    at,
    members: ['a', at],
    props: { n: at },
  }))
  await graph.call('POST', `${table}/hyperedges`, { hyperedges })
  const path = `${table}/hyperedges`
  const page = await graph.call<{ next_cursor: string }>('GET', `${path}?limit=2&member=a`)
  const cursor = page.next_cursor
  const forged = `${cursor.slice(0, -4)}AAAA`
  const invalid = { code: 'invalid' }
  for (const query of [
    `limit=2&cursor=${cursor}`,
    `limit=2&member=a&cursor=${forged}`,
    'cursor=!',
    'limit=0',
    'limit=-1',
    'limit=x',
    'from=soon',
    'role=r',
    'as_of=soon',
    'newest_first=1',
    'colour=red',
    'member=a&member=b',
    'time_unit=h',
  ]) {
    await expect(graph.call('GET', `${path}?${query}`), query).rejects.toMatchObject(invalid)
  }
  await expect(graph.call('GET', `${path}?columns=zz`)).rejects.toMatchObject({ code: 'not_found' })
  await expect(graph.call('GET', `${path}?as_of=999999`)).rejects.toMatchObject({
    status: expect.toSatisfy((status: number) => status >= 400 && status < 500),
  })
  for (const where of [
    {},
    { column: 'n' },
    { column: 'n', near: 1 },
    { column: 'members', eq: 'a' },
    { and: [] },
    { nand: [] },
    { column: 'n', eq: 1, and: [] },
    Array.from({ length: 70 }).reduce<object>((inner) => ({ not: inner }), { column: 'n', eq: 1 }),
  ]) {
    await expect(graph.call('POST', `${path}/find`, { where })).rejects.toMatchObject(invalid)
  }
  const mismatch = { code: 'type_mismatch' }
  await expect(
    graph.call('POST', `${path}/find`, { where: { column: 'n', eq: 'x' } }),
  ).rejects.toMatchObject(mismatch)
  for (const members of [
    { all: [] },
    { at_least: 3, of: ['a'] },
    { some: ['a'] },
    [],
    { node: true },
  ]) {
    await expect(graph.call('POST', `${path}/find`, { members })).rejects.toMatchObject(invalid)
  }
  for (const id of ['0', '-1', '1.5', 'x', '9'.repeat(17)]) {
    await expect(graph.call('GET', `${path}/${id}`)).rejects.toMatchObject(invalid)
  }
  await expect(
    graph.call('POST', `${path}/expand`, { seeds: [], hops: 300 }),
  ).rejects.toMatchObject(invalid)
  await expect(
    graph.call('POST', '/d/join', {
      left: { table: 'hm_tables' },
      right: { table: 't' },
      within_ms: 1,
    }),
  ).rejects.toMatchObject({ code: 'invalid_name' })
  const operations = [{ delete: { table: 'hm_tables', ids: [1] } }]
  await expect(graph.call('POST', '/d/transactions', { operations })).rejects.toMatchObject({
    code: 'invalid_name',
  })
  for (const body of ['{', '[]', '{"hyperedges":{}}', '{"hyperedges":[],"x":1}', '\u0000']) {
    const answer = await graph.send('POST', path, {
      body,
      headers: { 'content-type': 'application/json' },
    })
    expect(answer.status).toBe(400)
  }
  const none = await graph.send('POST', path, {
    body: 'nonsense',
    headers: { 'content-type': 'application/vnd.apache.arrow.stream' },
  })
  expect(none.status).toBe(400)
  expect(await graph.call('GET', table)).toMatchObject({ stats: { hyperedges: 5 } })
})

test('lines that are not UTF-8 are refused, and no other text is stored in their place', async () => {
  await using graph = await openGraph()
  await graph.call('PUT', '/d')
  await graph.call('POST', '/d/tables', { table: 't' })
  const body = Buffer.concat([
    Buffer.from('{"at":1,"members":["'),
    Buffer.from([0xff]),
    Buffer.from('"]}\n'),
  ])
  const headers = { 'content-type': 'application/x-ndjson' }
  const answer = await graph.send('POST', `${table}/hyperedges`, { body, headers })
  expect([answer.status, await answer.json()]).toMatchObject([400, { error: { code: 'invalid' } }])
  expect(await graph.call('GET', `${table}/hyperedges`)).toMatchObject({ hyperedges: [] })
})
