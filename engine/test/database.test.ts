import { tableFromIPC } from 'apache-arrow'
import { expect, test } from 'vitest'
import { Database } from '../lib/index.ts'
import { callsOf, codeOf, newDatabase, sampleRows } from './_database.ts'

test('what is inserted is found, all of it', async () => {
  const calls = await callsOf(await newDatabase())
  const { id, duplicate } = await calls.insert({
    at: 1.5,
    until: 20,
    members: ['ann', 7, { node: 'bob', role: 'host' }],
    weight: 2.5,
    label: 'meets',
    key: 'k',
    props: { amt: 3, kind: 'ü', flag: true, count: -5, seen: new Date(5) },
  })
  expect(duplicate).toBe(false)
  const expected = {
    id,
    at: 1.5,
    until: 20,
    members: ['ann', 7, 'bob'],
    roles: [null, null, 'host'],
    weight: 2.5,
    label: 'meets',
    key: 'k',
    props: { amt: 3, kind: 'ü', flag: true, count: -5, seen: 5 },
  }
  expect(calls.get(id)).toEqual(expected)
  expect(calls.getByKey('k')).toEqual(expected)
  expect((await calls.find({ members: 'bob' })).rows()).toEqual([expected])
  expect(calls.findSync({ members: { node: 'bob', role: 'guest' } }).rowCount).toBe(0)
})

test.each(['memory', 'segments'])(
  'rows, columns and Arrow tell the same from %s',
  async (where) => {
    const db = await newDatabase()
    const calls = await callsOf(db)
    await calls.insertMany(sampleRows(500))
    if (where === 'segments') await db.flush()
    const batch = await calls.find()
    expect(batch.rowCount).toBe(500)
    const rows = batch.rows()
    expect(rows.map(({ id }) => id)).toEqual([...batch.ids])
    expect(rows.map(({ at }) => at)).toEqual([...batch.eventTsMs])
    expect(rows.map(({ label }) => label)).toEqual(batch.labels)
    expect(rows.flatMap(({ members }) => members)).toEqual(Array.from(batch.members))
    for (const table of [await batch.toArrow(), tableFromIPC(await batch.toIPC())]) {
      expect([...(table.getChild('id') ?? [])]).toEqual([...batch.ids])
      expect([...(table.getChild('amt') ?? [])]).toEqual(rows.map(({ props }) => props?.amt))
      const members = [...(table.getChild('members') ?? [])].map((list) => [...list])
      expect(members).toEqual(rows.map((row) => row.members.map(String)))
    }
  },
)

test('columns in are the hyperedges that rows in would be', async () => {
  const db = await newDatabase()
  const [byRows, byColumns] = [await db.createTable('a'), await db.createTable('b')]
  await byRows.insertMany([
    { at: 1, members: [5, 6], label: 'x' },
    { at: 2, members: [{ node: 5, role: 'r' }] },
  ])
  await byColumns.insertColumns({
    at: new BigInt64Array([1000n, 2000n]),
    memberOffsets: new Uint32Array([0, 2, 3]),
    members: new Uint32Array([5, 6, 5]),
    roles: { names: ['r'], codes: new Uint8Array([0, 0, 1]) },
    label: ['x', null],
  })
  const plain = ({ id: _, ...row }: { readonly id: number }) => row
  expect(byColumns.findSync().rows().map(plain)).toEqual(byRows.findSync().rows().map(plain))
})

test('pages put together are the whole, either way round', async () => {
  const db = await newDatabase()
  const calls = await callsOf(db)
  await calls.insertMany(sampleRows(300))
  await db.flush()
  await calls.insertMany(sampleRows(200).map(({ key: _, ...row }) => row))
  for (const newestFirst of [false, true]) {
    const whole = calls.findSync({ newestFirst })
    const pages: number[] = []
    let count = 0
    for await (const page of calls.pages({ newestFirst, pageRows: 37 })) {
      pages.push(...page.ids)
      count++
    }
    expect(pages).toEqual([...whole.ids])
    expect(count).toBe(Math.ceil(500 / 37))
  }
  const byBytes: number[] = []
  for await (const page of calls.pages({ pageBytes: 4096 })) byBytes.push(...page.ids)
  expect(byBytes).toEqual([...calls.findSync().ids])
})

test('pages show one state while others write', async () => {
  const calls = await (await newDatabase()).createTable('t')
  await calls.insertMany(Array.from({ length: 20 }, (_, at) => ({ at, members: [at] })))
  const seen: number[] = []
  for await (const page of calls.pages({ pageRows: 5 })) {
    seen.push(...page.eventTsMs)
    await calls.insert({ at: 1000, members: [1] })
  }
  expect(seen).toEqual(Array.from({ length: 20 }, (_, at) => at))
})

test('an update changes what it gives and keeps the rest; a delete hides', async () => {
  const calls = await callsOf(await newDatabase())
  const { id } = await calls.insert({
    at: 1,
    members: ['a'],
    label: 'x',
    props: { amt: 1, kind: 'k' },
  })
  expect((await calls.update(id, { label: 'y', props: { amt: null } })).updated).toBe(1)
  expect(calls.get(id)).toMatchObject({ id, at: 1, label: 'y', members: ['a'] })
  expect(calls.get(id)?.props).toMatchObject({ amt: null, kind: 'k' })
  expect((await calls.delete([id, 999_999])).deleted).toBe(1)
  expect(calls.get(id)).toBeUndefined()
  expect(calls.findSync().rowCount).toBe(0)
})

test('the past is read by commit, by instant and by snapshot', async () => {
  const db = await newDatabase()
  const calls = await db.createTable('t')
  const first = await calls.insert({ at: 1, members: ['a'], label: 'x' })
  using snapshot = db.snapshot()
  const { seq } = await calls.update(first.id, { label: 'y' })
  await db.compact()
  expect(calls.get(first.id)?.label).toBe('y')
  expect(calls.get(first.id, { asOf: first.seq })?.label).toBe('x')
  expect(calls.get(first.id, { asOf: seq })?.label).toBe('y')
  const instant = BigInt(Math.round(db.committedAt(first.seq) * 1000))
  expect(calls.get(first.id, { asOf: instant })?.label).toBe('x')
  expect(calls.findSync({ asOf: 0 }).rowCount).toBe(0)
  expect(snapshot.seq).toBe(first.seq)
  expect(snapshot.table('t').get(first.id)?.label).toBe('x')
  expect(await codeOf(() => snapshot.table('t').find({ asOf: seq }))).toBe('invalid')
})

test('a key makes a retry harmless', async () => {
  const calls = await (await newDatabase()).createTable('t')
  const first = await calls.insert({ at: 1, members: ['a'], key: 'k' })
  const again = await calls.insert({ at: 2, members: ['b'], key: 'k' })
  expect(again).toMatchObject({ id: first.id, duplicate: true })
  const receipt = await calls.insertMany([
    { at: 3, members: ['c'] },
    { at: 4, members: ['d'], key: 'k' },
  ])
  expect(receipt).toMatchObject({ inserted: 1, duplicates: 1 })
  expect(receipt.ids[1]).toBe(first.id)
  await calls.delete(first.id)
  expect((await calls.insert({ at: 5, members: ['e'], key: 'k' })).duplicate).toBe(false)
})

test('each of many commits at once has its own receipt', async () => {
  const db = await newDatabase()
  const calls = await db.createTable('calls')
  const at = Array.from({ length: 300 }, (_, n) => n)
  // Every third one has a key that is taken, and so a receipt with a list of ids.
  await calls.insert({ at: 1000, members: ['first'], key: 'taken' })
  const receipts = await Promise.all(
    at.map((n) =>
      calls.insertMany([
        { at: n, members: [n] },
        n % 3 === 0 ? { at: n, members: [n], key: 'taken' } : { at: n, members: [n, 'too'] },
      ]),
    ),
  )
  const seqs = new Set(receipts.map(({ seq }) => seq))
  expect(seqs.size).toBe(at.length)
  for (const [n, { ids, seq, inserted, duplicates }] of receipts.entries()) {
    const isDuplicate = n % 3 === 0
    expect([inserted, duplicates]).toEqual(isDuplicate ? [1, 1] : [2, 0])
    expect(seq).toBe(ids[isDuplicate ? 0 : 1])
    const rows = calls.findSync({ ids: [...ids], columns: ['id', 'at'] }).rows()
    const owner = isDuplicate ? 1000 : n
    expect(rows.map((row) => row.at).sort((a, b) => Number(a) - Number(b))).toEqual([n, owner])
  }
})

test('groups by node come in the order of the nodes, however many and in whichever order they are met', async () => {
  const db = await newDatabase()
  const calls = await db.createTable('calls')
  const nodeCount = 6000
  const perRow = 500
  // Later nodes come first in time, and each row has every twelfth node.
  await calls.insert({ at: 0, members: Array.from({ length: nodeCount }, (_, node) => node) })
  for (let row = 0; row < nodeCount / perRow; row++) {
    const members = Array.from({ length: perRow }, (_, place) => nodeCount - 1 - row - place * 12)
    await calls.insert({ at: -row - 1, members })
  }
  const whole = await calls.aggregate({ groupBy: ['node'], measures: { n: 'count' } })
  expect(whole.rows()).toEqual(Array.from({ length: nodeCount }, (_, node) => ({ node, n: 2 })))
  // With few rows they are not counted node by node.
  const some = await calls.aggregate({ to: 0, groupBy: ['node'], measures: { n: 'count' } })
  expect(some.rows()).toEqual(Array.from({ length: nodeCount }, (_, node) => ({ node, n: 1 })))
  const limited = await calls.aggregate({
    to: 0,
    groupBy: ['node'],
    measures: { n: 'count' },
    limit: 3,
  })
  expect(limited.rows()).toEqual([0, 1, 2].map((node) => ({ node, n: 1 })))
  expect(limited.truncated).toBe('rows')
})

test('a transaction is one commit, and reads what it began with', async () => {
  const db = await newDatabase()
  const calls = await db.createTable('t')
  const { id } = await calls.insert({ at: 1, members: ['a'] })
  const { value, receipt } = await db.transaction(async (tx) => {
    const table = tx.table('t')
    table.insert({ at: 2, members: ['b'] })
    table.update(id, { label: 'x' })
    return table.findSync().rowCount
  })
  expect(value).toBe(1)
  expect(receipt).toMatchObject({ inserted: 1, updated: 1 })
  expect(calls.findSync({ asOf: (receipt?.seq ?? 0) - 1 }).rowCount).toBe(1)
  expect(calls.findSync().rowCount).toBe(2)
})

test('a transaction that throws, or writes nothing, commits nothing', async () => {
  const db = await newDatabase()
  const calls = await db.createTable('t')
  const failed = db.transaction((tx) => {
    tx.table('t').insert({ at: 1, members: ['a'] })
    throw new RangeError('mine')
  })
  await expect(failed).rejects.toThrow(RangeError)
  expect((await db.transaction(() => 5)).receipt).toBeUndefined()
  expect(calls.findSync().rowCount).toBe(0)
})

test('of two transactions that change the same hyperedge the later one conflicts', async () => {
  const db = await newDatabase()
  const calls = await db.createTable('t')
  const { id } = await calls.insert({ at: 1, members: ['a'], label: 'x' })
  const lost = db.transaction(async (tx) => {
    tx.table('t').update(id, { label: 'mine' })
    tx.table('t').insert({ at: 2, members: ['b'] })
    await calls.update(id, { label: 'theirs' })
  })
  expect(await codeOf(() => lost)).toBe('conflict')
  expect(calls.get(id)?.label).toBe('theirs')
  expect(calls.findSync().rowCount).toBe(1)
})

test('groups, walks, paths and joins answer', async () => {
  const db = await newDatabase()
  const calls = await db.createTable('t', { properties: { kind: 'string' } })
  await calls.insertMany([
    { at: 0, members: ['a', 'b'], label: 'x', weight: 2, props: { kind: 'k' } },
    { at: 10, members: ['b', 'c'], label: 'x', weight: 3, props: { kind: 'k' } },
    { at: 5, members: ['c', 'd'], label: 'y', weight: 4 },
  ])
  const byLabel = await calls.aggregate({
    groupBy: ['label'],
    measures: { n: 'count', total: { sum: 'weight' }, last: { max: 'at' } },
    top: { by: 'n', count: 1 },
  })
  expect(byLabel.rows()).toEqual([{ label: 'x', n: 2, total: 5, last: 10 }])
  const byBucket = await calls.aggregate({ groupBy: [{ bucketMs: 10 }], measures: { n: 'count' } })
  expect(byBucket.rows()).toEqual(
    expect.arrayContaining([
      { bucket: 0, n: 2 },
      { bucket: 10, n: 1 },
    ]),
  )
  const byKind = await calls.aggregate({
    groupBy: [{ property: 'kind' }],
    measures: { n: 'count' },
  })
  expect(new Set(byKind.rows().map((row) => `${row.kind} ${row.n}`))).toEqual(
    new Set(['k 2', 'null 1']),
  )
  expect(await calls.count({ members: 'b' })).toBe(2)

  const reached = (await calls.expand({ seeds: ['a'], hops: 3 })).rows()
  expect(reached.map(({ node, hop }) => `${node} ${hop}`).sort()).toEqual(['a 0', 'b 1', 'c 2'])
  const any = await calls.expand({ seeds: ['a'], hops: 3, order: 'any' })
  expect(any.rows().map(({ node }) => node)).toContain('d')
  const path = await calls.shortestPath({ seed: 'a', target: 'c' })
  expect(path.rows().at(-1)?.node).toBe('c')
  expect((await calls.shortestPath({ seed: 'a', target: 'd' })).rowCount).toBe(0)

  const pairs = await db.join({ left: { table: 't' }, right: { table: 't' }, distanceMs: [1, 10] })
  expect(pairs.rows().map(({ leftAt, rightAt }) => [leftAt, rightAt])).toEqual(
    expect.arrayContaining([
      [0, 10],
      [5, 10],
    ]),
  )
  expect((await calls.explain({ members: 'a' })).rows()[0]).toHaveProperty('step')
})

test('node properties are declared, set, found and changed in part', async () => {
  const db = await newDatabase()
  await db.nodes.declare({ age: 'int64', name: 'string' })
  await db.nodes.declare({ age: 'int64' })
  await db.nodes.set('ann', { age: 3, name: 'Ann' })
  await db.nodes.set('ann', { age: 4 })
  await db.nodes.set(7, { age: 70 })
  expect(db.nodes.get('ann')).toEqual({ age: 4, name: 'Ann' })
  expect(db.nodes.get('nobody')).toBeUndefined()
  const old = await db.nodes.find({ where: { column: 'age', gt: 10 } })
  expect(old.rows()).toEqual([{ node: 7, props: { age: 70, name: null } }])
  await db.nodes.delete(['ann'])
  expect(db.nodes.get('ann')).toBeUndefined()
})

test('a table can get properties and indexes later', async () => {
  const db = await newDatabase()
  const calls = await db.createTable('t')
  const { id } = await calls.insert({ at: 1, members: ['a'] })
  await calls.addProperties({ amt: 'float64' })
  await calls.createIndex('by_amt', ['amt'])
  await calls.setOptions({ historyMs: 1000 })
  expect(calls.schema).toMatchObject({ indexes: { by_amt: ['amt'] }, historyMs: 1000 })
  await calls.update(id, { props: { amt: 5 } })
  expect((await calls.find({ where: { column: 'amt', gte: 5 } })).rowCount).toBe(1)
  await calls.dropIndex('by_amt')
  await db.dropTable('t')
  expect(db.tableNames).toEqual([])
  expect(await codeOf(() => calls.find())).toBe('not_found')
})

test('what was acknowledged is there when the database is opened again', async () => {
  const db = await newDatabase({ durability: 'sync' })
  const calls = await callsOf(db)
  await calls.insertMany(sampleRows(50))
  const before = calls.findSync().rows()
  await db.close()
  await using again = await Database.open(db.path)
  expect(again.openReport).toMatchObject({ created: false, damagedLog: false })
  expect(again.table('calls').findSync().rows()).toEqual(before)
})

test('a reader in the same machine follows the writer when it refreshes', async () => {
  const db = await newDatabase()
  const calls = await db.createTable('t')
  await using reader = await Database.open(db.path, { readOnly: true })
  await calls.insert({ at: 1, members: ['a'] })
  await reader.refresh()
  expect(reader.table('t').findSync().rowCount).toBe(1)
  expect(await codeOf(() => reader.table('t').insert({ at: 1, members: ['a'] }))).toBe('read_only')
})

test('a backup taken while writing restores to a whole state', async () => {
  const db = await newDatabase()
  const calls = await db.createTable('t')
  await calls.insertMany(Array.from({ length: 100 }, (_, at) => ({ at, members: [at] })))
  await db.flush()
  const writing = calls.insert({ at: 1000, members: [1] })
  const [to, from] = [`${db.path}-restored`, `${db.path}-backup`]
  await db.backup(from)
  await writing
  expect((await Database.restore({ from, to })).faults).toEqual([])
  await using restored = await Database.open(to)
  expect(restored.table('t').findSync().rowCount).toBeGreaterThanOrEqual(100)
  expect((await restored.check()).faults).toEqual([])
})
