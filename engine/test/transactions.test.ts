import { expect, test } from 'vitest'
import { type Database, EngineError } from '../lib/index.ts'
import { codeOf, newDatabase } from './_database.ts'

async function retried<Value>(work: () => Promise<Value>): Promise<Value> {
  while (true) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof EngineError) || error.code !== 'conflict') throw error
    }
  }
}

/** Two tables and the nodes, which each transaction of these tests changes together. */
async function threePlaces(db: Database): Promise<void> {
  await db.createTable('a')
  await db.createTable('b', { properties: { n: 'int64' } })
  await db.nodes.declare({ n: 'int64' })
}

test('readers see all of a commit or nothing, in every table and the nodes', async () => {
  const db = await newDatabase({ memtableRecordsMax: 200 })
  await threePlaces(db)
  let isDone = false
  const write = async () => {
    for (let n = 1; n <= 150; n++) {
      await db.transaction((tx) => {
        for (let row = 0; row < 3; row++) tx.table('a').insert({ at: n, members: [row] })
        tx.table('b').insert({ at: n, members: ['x'], props: { n } })
        tx.nodes.set('last', { n })
      })
    }
    isDone = true
  }
  const read = async () => {
    while (!isDone) {
      using snapshot = db.snapshot()
      const commits = snapshot.table('b').findSync().rowCount
      const rows = await snapshot.table('a').find({ columns: ['id'] })
      expect(rows.rowCount).toBe(commits * 3)
      expect(snapshot.nodes.get('last')?.n ?? 0).toBe(commits)
      expect(await snapshot.table('a').count()).toBe(commits * 3)
    }
  }
  await Promise.all([write(), read(), read()])
  expect(db.table('b').findSync().rowCount).toBe(150)
})

test('a rollback leaves no row, no property, no node and no key', async () => {
  const db = await newDatabase()
  await threePlaces(db)
  await db.nodes.set('kept', { n: 1 })
  const { id } = await db.table('b').insert({ at: 1, members: ['kept'], props: { n: 1 } })
  const { seq } = await db.stats()
  const work = db.transaction(async (tx) => {
    tx.table('a').insert({ at: 1, members: ['new'], key: 'k' })
    tx.table('b').update(id, { props: { n: 2 } })
    tx.nodes.set('kept', { n: 2 })
    tx.nodes.set('new', { n: 2 })
    tx.nodes.delete(['kept'])
    expect(db.nodes.get('kept')).toEqual({ n: 1 })
    expect(tx.nodes.get('kept')).toEqual({ n: 1 })
    throw new Error('mine')
  })
  await expect(work).rejects.toThrow('mine')
  expect(db.nodes.get('kept')).toEqual({ n: 1 })
  expect(db.nodes.get('new')).toBeUndefined()
  expect(db.table('b').get(id)?.props).toEqual({ n: 1 })
  expect(db.table('a').getByKey('k')).toBeUndefined()
  expect((await db.stats()).seq).toBe(seq)
  expect((await db.table('a').insert({ at: 1, members: ['new'], key: 'k' })).duplicate).toBe(false)
})

test('a write that is refused leaves the rest of its transaction to go on', async () => {
  const db = await newDatabase()
  await threePlaces(db)
  const { receipt } = await db.transaction(async (tx) => {
    tx.table('a').insert({ at: 1, members: [1] })
    expect(await codeOf(() => tx.table('a').insert({ at: 2, members: [] }))).toBe('invalid')
    expect(
      await codeOf(() => tx.table('b').insert({ at: 2, members: [1], props: { n: 'x' } })),
    ).toBe('type_mismatch')
    expect(await codeOf(() => tx.table('c'))).toBe('not_found')
    tx.table('a').insert({ at: 3, members: [3] })
  })
  expect(receipt).toMatchObject({ inserted: 2 })
  expect([...db.table('a').findSync().eventTsMs]).toEqual([1, 3])
})

test('what the core refuses, it refuses whole', async () => {
  const db = await newDatabase()
  await threePlaces(db)
  const work = db.transaction((tx) => {
    tx.table('a').insert({ at: 1, members: [1] })
    tx.table('a').insert({ at: 2, members: ['twice', 'twice'] })
  })
  expect(await codeOf(() => work)).toBe('invalid')
  expect(db.table('a').findSync().rowCount).toBe(0)
})

test('counting up in many transactions at once loses nothing', async () => {
  const db = await newDatabase()
  await threePlaces(db)
  const { id } = await db.table('b').insert({ at: 1, members: [1], props: { n: 0 } })
  const add = () =>
    retried(() =>
      db.transaction(async (tx) => {
        const before = Number(tx.table('b').get(id)?.props?.n)
        await Promise.resolve()
        tx.table('b').update(id, { props: { n: before + 1 } })
      }),
    )
  await Promise.all(Array.from({ length: 30 }, add))
  expect(db.table('b').get(id)?.props).toEqual({ n: 30 })
})

test('the ids of a receipt are those of the inserts, in their order', async () => {
  const db = await newDatabase()
  await threePlaces(db)
  const { receipt } = await db.transaction((tx) => {
    tx.table('b').insert({ at: 5, members: ['b'] })
    tx.table('a').insertColumns({
      at: new Float64Array([7, 6]),
      memberOffsets: new Uint32Array([0, 1, 2]),
      members: [1, 2],
    })
    tx.table('b').insert({ at: 4, members: ['c'] })
  })
  const [first = 0, second = 0, third = 0, fourth = 0] = receipt?.ids ?? []
  expect(db.table('b').get(first)?.at).toBe(5)
  expect(db.table('a').get(second)?.at).toBe(7)
  expect(db.table('a').get(third)?.at).toBe(6)
  expect(db.table('b').get(fourth)?.at).toBe(4)
})

test('one transaction within another sees none of it', async () => {
  const db = await newDatabase()
  await threePlaces(db)
  await db.transaction(async (outer) => {
    outer.table('a').insert({ at: 1, members: [1] })
    await db.transaction((inner) => {
      expect(inner.table('a').findSync().rowCount).toBe(0)
      inner.table('a').insert({ at: 2, members: [2] })
    })
    expect(outer.table('a').findSync().rowCount).toBe(0)
    expect(db.table('a').findSync().rowCount).toBe(1)
  })
  expect(db.table('a').findSync().rowCount).toBe(2)
})
