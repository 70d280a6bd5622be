import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Database, EngineError } from '../lib/index.ts'
import { callsOf, codeOf, newDatabase, sampleRows, temporaryDirectory } from './_database.ts'

describe('a bad hyperedge', () => {
  const good = { at: 0, members: [1] }
  test.each<[string, unknown, string]>([
    ['no members', { at: 0, members: [] }, 'invalid'],
    ['the same member twice', { at: 0, members: ['a', 'a'] }, 'invalid'],
    ['the same member twice in a role', { at: 0, members: { r: ['a', 'a'] } }, 'invalid'],
    ['more members than allowed', { at: 0, members: [1, 2, 3, 4, 5, 6] }, 'too_large'],
    ['a node id of a wrong type', { at: 0, members: [{}] }, 'invalid'],
    ['a node id of NaN', { at: 0, members: [Number.NaN] }, 'invalid'],
    ['an instant of NaN', { at: Number.NaN, members: [1] }, 'invalid'],
    ['an instant out of range', { at: 1e300, members: [1] }, 'invalid'],
    ['a property of a wrong type', { ...good, props: { amt: 'x' } }, 'type_mismatch'],
    ['an unknown property', { ...good, props: { nope: 1 } }, 'not_found'],
    ['a long text', { ...good, props: { kind: 'x'.repeat(2 << 20) } }, 'too_large'],
    ['an end before the start', { ...good, until: 0 }, 'invalid'],
  ])('%s: nothing of its batch is written', async (_, row, code) => {
    const calls = await callsOf(await newDatabase())
    // Wrong on purpose.
    const rows = [{ at: 1, members: ['fine'] }, row as never]
    expect(await codeOf(() => calls.insertMany(rows))).toBe(code)
    expect(calls.findSync().rowCount).toBe(0)
    await calls.insert({ at: 1, members: ['fine'] })
    expect(calls.findSync().rowCount).toBe(1)
  })

  test('the same member in two roles is fine', async () => {
    const calls = await callsOf(await newDatabase())
    await calls.insert({ at: 0, members: { host: ['a'], guest: ['a'] } })
    expect(calls.findSync({ members: 'a' }).rowCount).toBe(1)
  })
})

test.each(['', '1a', 'a b', 'a-b', 'é', 'x'.repeat(65), '$nodes', '"; drop', 5, null])(
  'the name %j is refused',
  async (name) => {
    const db = await newDatabase()
    // Wrong on purpose.
    expect(await codeOf(() => db.createTable(name as string))).toBe('invalid_name')
    const properties = { [String(name)]: 'int64' as const }
    if (typeof name === 'string') {
      expect(await codeOf(() => db.createTable('t', { properties }))).toBe('invalid_name')
    }
    expect(db.tableNames).toEqual([])
  },
)

test('a table that is there, or is not', async () => {
  const db = await newDatabase()
  await db.createTable('t')
  expect(await codeOf(() => db.createTable('t'))).toBe('exists')
  expect(await codeOf(() => db.table('u'))).toBe('not_found')
})

describe('a cursor', () => {
  test('goes on after the database was opened again', async () => {
    const db = await newDatabase({ durability: 'sync' })
    const calls = await callsOf(db)
    await calls.insertMany(sampleRows(30))
    const whole = [...calls.findSync().ids]
    const page = calls.findSync({ limit: 10 })
    expect([page.truncated, typeof page.cursor]).toEqual(['rows', 'string'])
    const cursor = page.cursor ?? ''
    await db.close()
    await using again = await Database.open(db.path)
    const rest = again.table('calls').findSync({ cursor })
    expect([...page.ids, ...rest.ids]).toEqual(whole)
    expect(rest.cursor).toBeNull()
  })

  test('that was forged, cut, or of another query or database is refused', async () => {
    const calls = await callsOf(await newDatabase())
    await calls.insertMany(sampleRows(30))
    const cursor = calls.findSync({ limit: 10 }).cursor ?? ''
    for (let at = 0; at < cursor.length; at++) {
      const other = cursor[at] === 'A' ? 'B' : 'A'
      const forged = cursor.slice(0, at) + other + cursor.slice(at + 1)
      const bytes = Buffer.from(forged, 'base64url')
      // The last character has bits that mean nothing.
      if (bytes.equals(Buffer.from(cursor, 'base64url'))) continue
      expect(await codeOf(() => calls.findSync({ cursor: forged }))).toBe('invalid')
    }
    expect(await codeOf(() => calls.findSync({ cursor: cursor.slice(0, -4) }))).toBe('invalid')
    expect(await codeOf(() => calls.findSync({ cursor, from: 5 }))).toBe('invalid')
    expect(await codeOf(() => calls.findSync({ cursor, newestFirst: true }))).toBe('invalid')
    const elsewhere = await callsOf(await newDatabase())
    expect(await codeOf(() => elsewhere.findSync({ cursor }))).toBe('invalid')
  })
})

describe('a directory', () => {
  test('that is not there, with create: false', async () => {
    const path = join(await temporaryDirectory(), 'nothing')
    expect(await codeOf(() => Database.open(path, { create: false }))).toBe('not_found')
    expect(await codeOf(() => Database.open(path, { readOnly: true }))).toBe('not_found')
  })

  test('that is something else', async () => {
    const path = await temporaryDirectory()
    await writeFile(join(path, 'README'), 'mine')
    expect(await codeOf(() => Database.open(path))).toBe('not_a_database')
    const file = join(path, 'README')
    expect(await codeOf(() => Database.open(file))).toBe('not_a_database')
  })

  test('whose manifest is noise', async () => {
    const path = join(await temporaryDirectory(), 'graph.db')
    await mkdir(path)
    await writeFile(join(path, 'MANIFEST'), 'x'.repeat(1000))
    expect(['not_a_database', 'corrupt']).toContain(await codeOf(() => Database.open(path)))
  })

  test('that another one has open names the holder', async () => {
    const db = await newDatabase()
    const second = Database.open(db.path)
    await expect(second).rejects.toThrow(EngineError)
    await expect(second).rejects.toThrow(String(process.pid))
    expect(await codeOf(() => second)).toBe('locked')
  })
})

test.each<[string, unknown]>([
  ['a path of nothing', ['']],
  ['a path with a zero byte', ['a\0b']],
  ['a path that is no text', [5]],
  ['an unknown option', ['graph.db', { sync: true }]],
  ['a third durability', ['graph.db', { durability: 'none' }]],
  ['a limit of 0', ['graph.db', { memtableBytesMax: 0 }]],
  ['a flag that is no flag', ['graph.db', { readOnly: 1 }]],
  ['an unknown unit', ['graph.db', { timeUnit: 'ns' }]],
])('opening with %s is refused', async (_, args) => {
  // Wrong on purpose.
  const [path, options] = args as [string, object]
  expect(await codeOf(() => Database.open(path, options))).toBe('invalid')
})
