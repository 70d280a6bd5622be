import { Database, importArrow } from '@hypermesh/engine'
import { startPlatform, temporaryDirectory } from '@hypermesh/testing'
import { tableFromIPC } from 'apache-arrow'
import { expect, test } from 'vitest'

const bytesOf = async (body: ReadableStream<Uint8Array>) =>
  new Uint8Array(await new Response(body).arrayBuffer())
const day = (n: number) => `2024-01-0${n}T00:00:00.000Z`

test('questions of every kind, changes, nodes, transactions and indexes through the client', async () => {
  await using platform = await startPlatform()
  const { admin, writer, reader } = platform.clients
  await admin.createGraphDatabase('g')
  await writer.createGraphTable('g', {
    table: 'meets',
    members: ['host', 'guest'],
    bucket_seconds: 3600,
    properties: { room: 'string', seats: 'int64', booked: 'timestamp' },
  })
  const hyperedges = [
    {
      at: day(1),
      members: { host: ['ann'], guest: ['bob', 7] },
      label: 'tea',
      props: { seats: 3 },
    },
    { at: day(2), members: { host: ['bob'], guest: ['cid'] }, label: 'tea' },
    { at: day(3), members: { host: ['cid'], guest: ['dan'] }, props: { booked: day(1) } },
    { at: day(3), members: { host: ['ann'], guest: ['7'] }, weight: -0, key: 'k' },
  ]
  const { ids, seq } = await writer.insertHyperedges('g.meets', { hyperedges })
  const first = ids[0] ?? expect.unreachable()
  expect(await reader.getHyperedge('g.meets', first)).toEqual({
    id: first,
    at: day(1),
    until: null,
    weight: 1,
    label: 'tea',
    members: ['ann', 'bob', 7],
    roles: ['host', 'guest', 'guest'],
    key: null,
    props: { room: null, seats: 3, booked: null },
  })
  // The same request again, under its key: each is there once.
  const again = {
    hyperedges: [
      { at: day(9), members: ['x'] },
      { at: day(9), members: ['y'] },
    ],
  }
  const once = await writer.insertHyperedges('g.meets', again, { idempotencyKey: 'r1' })
  expect(await writer.insertHyperedges('g.meets', again, { idempotencyKey: 'r1' })).toMatchObject({
    ...{ inserted: 0, duplicates: 2, ids: once.ids },
  })
  await writer.deleteHyperedges('g.meets', { ids: once.ids })
  // A role that is none of the declared kinds, by every way in.
  const strange = { at: 0, members: [{ node: 'x', role: 'spy' }] }
  const mismatch = { code: 'type_mismatch', details: { members: ['host', 'guest'] } }
  const refused = [
    writer.insertHyperedges('g.meets', { hyperedges: [...hyperedges, strange] }),
    writer.updateHyperedges('g.meets', { changes: [{ id: first, members: strange.members }] }),
    writer.commitGraphTransaction('g', {
      operations: [{ insert: { table: 'meets', hyperedges: [strange] } }],
    }),
    writer.importHyperedges('g.meets', `${JSON.stringify(strange)}\n`),
  ]
  // All are heard at once, as none may be refused before it is looked at.
  const refusals = await Promise.allSettled(refused)
  expect(refusals).toMatchObject(refused.map(() => ({ status: 'rejected', reason: mismatch })))
  const tea = { column: 'label', eq: 'tea' }
  const counted = await reader.aggregateHyperedges('g.meets', {
    group_by: ['label', { bucket_ms: 86_400_000 }],
    measures: { n: 'count', latest: { max: 'at' }, who: { distinct: 'members' } },
    where: tea,
  })
  expect(counted.groups).toEqual([
    { label: 'tea', bucket: day(1), n: 1, latest: day(1), who: 3 },
    { label: 'tea', bucket: day(2), n: 1, latest: day(2), who: 2 },
  ])
  const reached = await reader.expandHyperedges('g.meets', { seeds: ['ann'], hops: 3 })
  expect(reached.nodes.map(({ node, hop }) => [node, hop])).toEqual(
    expect.arrayContaining([
      ['ann', 0],
      ['bob', 1],
      [7, 1],
      ['7', 1],
      ['cid', 2],
      ['dan', 3],
    ]),
  )
  const path = await reader.findHyperedgePath('g.meets', { seed: 'ann', target: 'dan' })
  expect(path.steps.map(({ node }) => node)).toEqual(['bob', 'cid', 'dan'])
  expect(path.steps.map(({ at, via }) => [at, via])).toEqual([
    [day(1), ids[0]],
    [day(2), ids[1]],
    [day(3), ids[2]],
  ])
  const { pairs } = await reader.joinHyperedges('g', {
    left: { table: 'meets', where: tea },
    right: { table: 'meets', where: tea },
    distance_ms: [1, 86_400_000],
  })
  expect(pairs).toEqual([
    {
      left_id: ids[0],
      left_at: day(1),
      right_id: ids[1],
      right_at: day(2),
      node: 'bob',
      shared: 1,
    },
  ])
  // Changes, and the past.
  const update = await writer.updateHyperedges('g.meets', {
    changes: [{ id: first, label: 'lunch', props: { seats: { int: '9007199254740993' } } }],
  })
  expect(update).toMatchObject({ updated: 1 })
  expect(await reader.getHyperedge('g.meets', first)).toMatchObject({
    label: 'lunch',
    props: { seats: { int: '9007199254740993' } },
  })
  expect(await reader.getHyperedge('g.meets', first, { as_of: seq })).toMatchObject({
    label: 'tea',
  })
  expect(await writer.deleteHyperedges('g.meets', { ids: [first, 999_999] })).toMatchObject({
    deleted: 1,
  })
  await expect(reader.getHyperedge('g.meets', first)).rejects.toMatchObject({ code: 'not_found' })
  // Nodes and transactions.
  await writer.declareGraphNodes('g', { properties: { age: 'int64', born: 'timestamp' } })
  await writer.setGraphNodes('g', {
    nodes: [
      { node: 'ann', props: { age: 3, born: 1_700_000_000 } },
      { node: 7, props: { age: 70 } },
    ],
    time_unit: 's',
  })
  expect(await reader.getGraphNode('g', 'ann')).toEqual({
    node: 'ann',
    props: { age: 3, born: '2023-11-14T22:13:20.000Z' },
  })
  expect(await reader.getGraphNode('g', 7)).toMatchObject({ node: 7 })
  await expect(reader.getGraphNode('g', '7')).rejects.toMatchObject({ code: 'not_found' })
  const where = { column: 'age', gt: 5 }
  expect((await reader.findGraphNodes('g', { where })).nodes).toMatchObject([{ node: 7 }])
  const operations = [
    { insert: { table: 'meets', hyperedges: [{ at: day(5), members: ['ann', 'eve'] }] } },
    { set_nodes: [{ node: 'eve', props: { age: 1 } }] },
    { delete: { table: 'meets', ids: [ids[1] ?? 0] } },
  ]
  const both = await writer.commitGraphTransaction('g', { operations })
  expect(both).toMatchObject({ inserted: 1, deleted: 1 })
  expect(both.ids).toHaveLength(1)
  const broken = [...operations, { insert: { table: 'nowhere', hyperedges: [] } }]
  await expect(writer.commitGraphTransaction('g', { operations: broken })).rejects.toMatchObject({
    code: 'not_found',
  })
  expect((await reader.listHyperedges('g.meets', { from: day(5) })).hyperedges).toHaveLength(1)
  await writer.deleteGraphNodes('g', { nodes: ['eve'] })
  await expect(reader.getGraphNode('g', 'eve')).rejects.toMatchObject({ code: 'not_found' })
  // Indexes and altering.
  await writer.createGraphIndex('g.meets', { index: 'by_room', columns: ['room', 'seats'] })
  expect((await reader.listGraphIndexes('g.meets')).indexes).toEqual([
    { index: 'by_room', columns: ['room', 'seats'] },
  ])
  await writer.dropGraphIndex('g.meets', 'by_room')
  expect(
    await writer.alterGraphTable('g.meets', { add_properties: { note: 'string' }, ttl_ms: 1e15 }),
  ).toMatchObject({ ttl_ms: 1e15, bucket_seconds: 3600, properties: { note: 'string' } })
})

test('what is streamed, exported, inserted as lines or Arrow and imported again is the same', async () => {
  await using platform = await startPlatform({ network: true })
  const { admin, writer, reader } = platform.clients
  await admin.createGraphDatabase('g')
  const properties = { s: 'string', i: 'int64', f: 'float64', b: 'bool', t: 'timestamp' } as const
  for (const table of ['a', 'b', 'c', 'd', 'e', 'f']) {
    await writer.createGraphTable('g', { table, properties })
  }
  const hyperedges = Array.from({ length: 5000 }, (_, n) => ({
    at: n * 7919,
    ...(n % 3 === 0 ? { until: n * 7919 + 5 } : {}),
    members:
      n % 5 === 0 ? [n, { int: '18446744073709551615' }] : [{ node: `é${n % 97}`, role: 'r' }, n],
    ...(n % 2 === 0 ? { label: `l${n % 7}` } : {}),
    weight: n / 3,
    key: `k${n}`,
    props: { s: n % 4 ? `"${n}"` : null, i: n, f: n / 7, b: n % 2 === 0, t: n },
  }))
  await writer.insertHyperedges('g.a', { hyperedges })
  const rowsOf = async (table: string) => {
    const rows: unknown[] = []
    for await (const { id: _, ...row } of reader.hyperedges(`g.${table}`)) rows.push(row)
    return rows
  }
  const all = await rowsOf('a')
  expect(all).toHaveLength(5000)
  for (const [format, table] of [
    ['ndjson', 'b'],
    ['csv', 'c'],
    ['hif', 'd'],
    ['arrow', 'e'],
  ] as const) {
    const file = await bytesOf(await reader.exportHyperedges('g.a', { format }))
    const idempotencyKey = `import-${format}`
    const imported = await writer.importHyperedges(
      `g.${table}`,
      file,
      { format },
      { idempotencyKey },
    )
    expect(imported).toMatchObject({ inserted: 5000 })
    expect(
      await writer.importHyperedges(`g.${table}`, file, { format }, { idempotencyKey }),
    ).toMatchObject({ inserted: 0, duplicates: 5000 })
    expect(await rowsOf(table)).toEqual(all)
  }
  const request = { from: 0, where: { column: 'b', eq: true } }
  const stream = await reader.streamHyperedges('g.a', request, { format: 'arrow' })
  const bytes = await bytesOf(stream.body)
  expect(tableFromIPC(bytes).numRows).toBe(2500)
  const insert = (type: string, body: Uint8Array<ArrayBuffer> | string) =>
    platform.fetch('/v1/graph/g/tables/f/hyperedges?durability=os', {
      method: 'POST',
      key: platform.keys.writer,
      headers: { 'content-type': type },
      body,
    })
  const arrow = await insert('application/vnd.apache.arrow.stream', bytes)
  expect(await arrow.json()).toMatchObject({ inserted: 2500 })
  const lines = `${hyperedges.map((row) => JSON.stringify(row)).join('\n')}\n`
  const ndjson = await insert('application/x-ndjson', lines)
  expect(await ndjson.json()).toMatchObject({ inserted: 2500, duplicates: 2500 })
  expect(await rowsOf('f')).toEqual(expect.arrayContaining(all.slice(0, 20)))
  // By the engine itself.
  await using own = await temporaryDirectory()
  await using database = await Database.open(`${own.path}/db`)
  const copy = await database.createTable('copy', { properties })
  expect(await importArrow(copy, new Response(bytes).body ?? expect.unreachable())).toMatchObject({
    inserted: 2500,
  })
})

test('a backup is restored into a new database, and is what the database was', async () => {
  await using platform = await startPlatform()
  const { admin, writer } = platform.clients
  await admin.createGraphDatabase('g')
  await writer.createGraphTable('g', { table: 't', members: ['Person'], bucket_seconds: 60 })
  await writer.insertHyperedges('g.t', { hyperedges: [{ at: 1, members: ['a', 'b'] }] })
  expect(await admin.createGraphBackup('g', { backup: 'Monday' })).toMatchObject({
    backup: 'monday',
  })
  await expect(admin.createGraphBackup('g', { backup: 'monday' })).rejects.toMatchObject({
    code: 'exists',
  })
  await writer.insertHyperedges('g.t', { hyperedges: [{ at: 2, members: ['c'] }] })
  await expect(admin.restoreGraphDatabase('g', { backup: 'monday' })).rejects.toMatchObject({
    code: 'exists',
  })
  expect(await admin.restoreGraphDatabase('h', { backup: 'monday', from: 'g' })).toEqual({
    database: 'h',
    state: 'ready',
    tables: 1,
  })
  expect((await writer.listHyperedges('h.t')).hyperedges).toHaveLength(1)
  expect(await writer.getGraphTable('h.t')).toMatchObject({
    members: ['Person'],
    bucket_seconds: 60,
  })
  expect(await writer.checkGraphDatabase('h')).toMatchObject({ faults: [] })
  expect(await writer.compactGraphDatabase('h')).toMatchObject({ database: 'h' })
  expect((await admin.listGraphBackups('g')).backups).toMatchObject([{ backup: 'monday' }])
  for (const backup of ['../../etc', '/etc', '..', 'a/b']) {
    const refused = { code: 'invalid_name' }
    await expect(admin.createGraphBackup('g', { backup })).rejects.toMatchObject(refused)
    await expect(admin.restoreGraphDatabase('i', { backup, from: 'g' })).rejects.toMatchObject(
      refused,
    )
    await expect(
      admin.restoreGraphDatabase('i', { backup: 'monday', from: backup }),
    ).rejects.toMatchObject(refused)
    if (backup === '..') continue // The URL goes up by it before it is sent.
    await expect(admin.deleteGraphBackup('g', backup)).rejects.toMatchObject(refused)
  }
  await admin.deleteGraphBackup('g', 'monday')
  await expect(admin.deleteGraphBackup('g', 'monday')).rejects.toMatchObject({ code: 'not_found' })
  await expect(writer.createGraphBackup('g', { backup: 'x' })).rejects.toMatchObject({
    code: 'forbidden',
  })
})
