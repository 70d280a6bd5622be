import { describe, expect, test } from 'vitest'
import { Database, type Table } from '../lib/index.ts'
import { callsOf, codeOf, newDatabase } from './_database.ts'

describe('a name that nothing has is invalid', () => {
  const row = { at: 1, members: [1] }
  const columns = {
    at: new Float64Array([1]),
    memberOffsets: new Uint32Array([0, 1]),
    members: new Uint32Array([1]),
  }
  const measures = { n: 'count' } as const
  const side = { table: 'calls' }
  // Each wrong on purpose.
  const label = { label: 'x' } as never
  test.each<[string, (db: Database, calls: Table) => unknown]>([
    ['in a find', (_, calls) => calls.find(label)],
    ['in a find here', (_, calls) => calls.findSync(label)],
    ['in a count', (_, calls) => calls.count(label)],
    ['in a count, which has no limit', (_, calls) => calls.count({ limit: 1 } as never)],
    ['in pages', (_, calls) => calls.pages({ limit: 1 } as never).next()],
    ['in a get', (_, calls) => calls.get(1, label)],
    ['in a get by key', (_, calls) => calls.getByKey('k', label)],
    ['in figures', (_, calls) => calls.aggregate({ measures, label: 'x' } as never)],
    ['in figures here', (_, calls) => calls.aggregateSync({ measures, groupby: [] } as never)],
    ['in a walk', (_, calls) => calls.expand({ seeds: [1], hop: 2 } as never)],
    ['in a path', (_, calls) => calls.shortestPath({ seed: 1, target: 2, hop: 2 } as never)],
    ['in an explain', (_, calls) => calls.explain(label)],
    ['in a term', (_, calls) => calls.find({ members: { node: 1, rol: 'a' } as never })],
    ['in a join', (db) => db.join({ left: side, right: side, within: 1 } as never)],
    [
      'in a side of a join',
      (db) => db.join({ left: side, right: { ...side, limit: 1 } as never, withinMs: 1 }),
    ],
    ['in a snapshot', (db) => db.snapshot({ at: 1 } as never)],
    ['in a find of nodes', (db) => db.nodes.find({ node: [1] } as never)],
    ['in a get of a node', (db) => db.nodes.get(1, { at: 1 } as never)],
    ['in a hyperedge', (_, calls) => calls.insert({ ...row, lable: 'x' } as never)],
    ['in a later hyperedge', (_, calls) => calls.insertMany([row, { ...row, tag: 1 } as never])],
    [
      'in a member',
      (_, calls) => calls.insert({ at: 1, members: [{ node: 1, rol: 'a' } as never] }),
    ],
    ['in columns', (_, calls) => calls.insertColumns({ ...columns, labels: ['x'] } as never)],
    ['in a change', (_, calls) => calls.update(1, { wieght: 2 } as never)],
    ['in a write', (_, calls) => calls.insert(row, { durable: true } as never)],
    ['in a transaction', (db) => db.transaction(() => 1, { durable: true } as never)],
    ['in a declaration', (db) => db.createTable('t', { ttl: 5 } as never)],
    ['in options of a table', (_, calls) => calls.setOptions({ ttl: 5 } as never)],
  ])('%s', async (_, work) => {
    const db = await newDatabase()
    const calls = await callsOf(db)
    await calls.insert({ ...row, key: 'k' })
    await db.nodes.declare({ age: 'int64' })
    expect(await codeOf(() => work(db, calls))).toBe('invalid')
    expect(calls.findSync().rowCount).toBe(1)
    expect(db.hasTable('t')).toBe(false)
  })

  test('a row of a result can be inserted, with all its columns', async () => {
    const calls = await callsOf(await newDatabase())
    await calls.insert({ ...row, label: 'x', props: { amt: 1 } })
    const found = calls.findSync({ columns: ['id', 'at', 'members', 'arity', 'seq'] }).rows()
    expect((await calls.insertMany([...found, ...calls.findSync().rows()])).inserted).toBe(2)
  })
})

describe('what is not of the right type is invalid', () => {
  const columns = {
    at: new Float64Array([1]),
    memberOffsets: new Uint32Array([0, 1]),
    members: new Uint32Array([1]),
  }
  test.each<[string, (db: Database, calls: Table) => unknown]>([
    ['measures', (_, calls) => calls.aggregate({ measures: null as never })],
    ['a top', (_, calls) => calls.aggregate({ measures: { n: 'count' }, top: null as never })],
    ['measures here', (_, calls) => calls.aggregateSync({ measures: null as never })],
    ['labels', (_, calls) => calls.insertColumns({ ...columns, label: null as never })],
    ['roles', (_, calls) => calls.insertColumns({ ...columns, roles: null as never })],
    ['a role', (_, calls) => calls.insertColumns({ ...columns, roles: 5 as never })],
    ['names', (_, calls) => calls.insertColumns({ ...columns, roles: { names: null } as never })],
    ['columns', (_, calls) => calls.insertColumns({ ...columns, props: null as never })],
    ['a signal', (_, calls) => calls.find({ signal: null as never })],
    ['pages', (_, calls) => calls.pages(null as never).next()],
    ['changes', (_, calls) => calls.updateMany([null as never])],
    ['options of a table', (_, calls) => calls.setOptions(null as never)],
    ['a declaration', (db) => db.createTable('t', null as never)],
    ['a transaction', (db) => db.transaction(5 as never)],
    ['a snapshot', (db) => db.snapshot(null as never)],
    ['options of a node', (db) => db.nodes.get(1, null as never)],
    ['entries', (db) => db.nodes.setMany([null as never])],
    ['a path', () => Database.open('graph\ud800.db')],
  ])('%s', async (_, work) => {
    const db = await newDatabase()
    const calls = await callsOf(db)
    expect(await codeOf(() => work(db, calls))).toBe('invalid')
  })

  test('no options of a transaction are those of the database', async () => {
    const db = await newDatabase()
    expect((await db.transaction(() => 5, null as never)).value).toBe(5)
  })

  test('a result whose buffer was transferred says so', async () => {
    const calls = await callsOf(await newDatabase())
    await calls.insert({ at: 1, members: [1] })
    const batch = calls.findSync()
    // The result's own, which nobody shares.
    const buffer = batch.ids.buffer as ArrayBuffer
    structuredClone(buffer, { transfer: [buffer] })
    for (const read of [() => batch.truncated, () => batch.cursor, () => batch.runningMs]) {
      expect(await codeOf(read)).toBe('closed')
    }
  })
})
