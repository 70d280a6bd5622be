import { describe, expect, test } from 'vitest'
import { codeOf, newDatabase } from './_database.ts'

async function filled() {
  const db = await newDatabase()
  const table = await db.createTable('t', { properties: { a: 'int64' } })
  await db.nodes.declare({ age: 'int64' })
  await db.nodes.set('x', { age: 1 })
  const { seq } = await table.insert({ at: 1, members: ['x'], props: { a: 1 } })
  return { db, table, seq }
}

describe('a state shows the schema that it has', () => {
  test('a snapshot, after properties were added', async () => {
    const { db, table, seq } = await filled()
    using snapshot = db.snapshot()
    const old = snapshot.table('t')
    await table.addProperties({ b: 'string' })
    await db.nodes.declare({ name: 'string' })
    const row = { at: 1, members: ['x'], props: { a: 1 } }
    expect(old.findSync().rows()).toMatchObject([row])
    expect((await old.find()).first()?.props).toEqual({ a: 1 })
    expect(old.schema.properties.map(({ name }) => name)).toEqual(['a'])
    expect(table.schema.properties.map(({ name }) => name)).toEqual(['a', 'b'])
    expect(snapshot.nodes.get('x')).toEqual({ age: 1 })
    expect(db.nodes.get('x')).toEqual({ age: 1, name: null })
    expect(await codeOf(() => old.findSync({ columns: ['b'] }))).toBe('not_found')
    expect(table.findSync({ asOf: seq }).first()?.props).toEqual({ a: 1, b: null })
    expect((await table.find()).first()?.props).toEqual({ a: 1, b: null })
  })

  test('a snapshot, after its table was dropped and made again', async () => {
    const { db } = await filled()
    using snapshot = db.snapshot()
    const before = snapshot.table('t')
    await db.dropTable('t')
    expect(before.findSync().first()?.props).toEqual({ a: 1 })
    expect(snapshot.table('t').findSync().rowCount).toBe(1)
    const again = await db.createTable('t', { properties: { z: 'string' } })
    expect(snapshot.table('t').findSync().first()?.props).toEqual({ a: 1 })
    expect(again.findSync().rowCount).toBe(0)
    await db.createTable('later')
    expect(await codeOf(() => snapshot.table('later'))).toBe('not_found')
  })

  test('pages and transactions that run', async () => {
    const { db, table } = await filled()
    await table.insert({ at: 2, members: ['x'], props: { a: 2 } })
    const props: unknown[] = []
    for await (const page of table.pages({ pageRows: 1 })) {
      props.push(page.first()?.props)
      if (props.length === 1) await table.addProperties({ b: 'string' })
    }
    expect(props).toEqual([{ a: 1 }, { a: 2 }])
    await db.transaction(async (tx) => {
      await table.addProperties({ c: 'string' })
      const mine = tx.table('t')
      expect((await mine.find()).first()?.props).toEqual({ a: 1, b: null })
      mine.insert({ at: 3, members: ['x'], props: { c: 'new' } })
      await db.createTable('later')
      tx.table('later').insert({ at: 1, members: ['x'] })
      await db.createTable('gone')
    })
    expect(table.findSync({ newestFirst: true }).first()?.props?.c).toBe('new')
    expect(db.table('later').findSync().rowCount).toBe(1)
  })
})

describe('a getter of what is written', () => {
  test('may use the database', async () => {
    const { db, table } = await filled()
    let nested: Promise<unknown> | undefined
    const row = {
      at: 5,
      members: ['outer'],
      get label() {
        nested ??= table.insert({ at: 9, members: ['nested'] })
        table.findSync({ members: 'x' })
        db.nodes.get('x')
        return 'read'
      },
    }
    await table.insertMany([row, row])
    await nested
    const found = table.findSync({ from: 5, columns: ['at', 'members', 'label'] })
    expect(found.rows()).toEqual([
      { at: 5, members: ['outer'], label: 'read' },
      { at: 5, members: ['outer'], label: 'read' },
      { at: 9, members: ['nested'], label: null },
    ])
    const options = {
      get limit() {
        table.findSync({ members: 'outer', limit: 2 })
        return 1
      },
    }
    expect(table.findSync(options).rowCount).toBe(1)
    expect((await table.find(options)).rowCount).toBe(1)
    const late = {
      get durability() {
        table.findSync({ members: 'outer' })
        return 'os' as const
      },
    }
    expect((await table.insert({ at: 7, members: ['late'] }, late)).duplicate).toBe(false)
  })

  test('must not write to the same transaction', async () => {
    const { db, table } = await filled()
    await db.transaction(async (tx) => {
      const mine = tx.table('t')
      const row = {
        at: 5,
        members: ['outer'],
        get weight() {
          mine.insert({ at: 6, members: ['nested'] })
          return 1
        },
      }
      expect(await codeOf(() => mine.insert(row))).toBe('invalid')
      mine.insert({ at: 7, members: ['good'] })
    })
    expect(table.findSync({ from: 2, columns: ['at'] }).rows()).toEqual([{ at: 7 }])
  })
})
