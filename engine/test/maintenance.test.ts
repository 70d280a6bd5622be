import { cp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Database } from '../lib/index.ts'
import { callsOf, codeOf, newDatabase, sampleRows, temporaryDirectory } from './_database.ts'

async function flipByte(path: string, at: number): Promise<void> {
  const file = await open(path, 'r+')
  try {
    const byte = new Uint8Array(1)
    await file.read(byte, 0, 1, at)
    byte[0] = (byte[0] ?? 0) ^ 0x40
    await file.write(byte, 0, 1, at)
  } finally {
    await file.close()
  }
}

async function filesOf(path: string, ending: string): Promise<string[]> {
  const names = await readdir(path)
  return names.filter((name) => name.endsWith(ending)).map((name) => join(path, name))
}

describe('a table with a time to live', () => {
  test('hides what is older at once, and a merge drops it', async () => {
    const db = await newDatabase()
    const table = await db.createTable('t', { ttlMs: 3_600_000, historyMs: 0 })
    const now = Date.now()
    await table.insertMany([
      { at: now - 7_200_000, members: ['old'] },
      { at: now, members: ['young'] },
    ])
    expect(table.findSync().rows()).toMatchObject([{ members: ['young'] }])
    expect(table.findSync({ members: 'old' }).rowCount).toBe(0)
    expect(await table.count()).toBe(1)
    await db.compact()
    const { tables } = await db.stats()
    expect(tables.find(({ name }) => name === 't')?.records).toBe(1)
  })

  test('gets and loses it later', async () => {
    const db = await newDatabase()
    const table = await db.createTable('t')
    await table.insert({ at: 0, members: ['old'] })
    await table.setOptions({ ttlMs: 1000 })
    expect(table.findSync().rowCount).toBe(0)
    await table.setOptions({ ttlMs: null })
    expect(table.schema.ttlMs).toBeNull()
    expect(table.findSync().rowCount).toBe(1)
  })
})

describe('history', () => {
  test('of a table that keeps none is gone after a merge, but not under a snapshot', async () => {
    const db = await newDatabase()
    const table = await db.createTable('t', { historyMs: 0 })
    const { id, seq } = await table.insert({ at: 1, members: ['a'], label: 'x' })
    const snapshot = db.snapshot()
    await table.update(id, { label: 'y' })
    await db.compact()
    expect(snapshot.table('t').get(id)?.label).toBe('x')
    snapshot.close()
    await table.update(id, { label: 'z' })
    await db.compact()
    expect(await codeOf(() => table.get(id, { asOf: seq }))).toBe('gone')
    expect(await codeOf(() => db.snapshot({ asOf: seq }))).toBe('gone')
    expect((await db.stats()).historyFloor).toBeGreaterThan(seq)
    expect(table.get(id)?.label).toBe('z')
  })

  test('is kept for ever unless said', async () => {
    const db = await newDatabase()
    const table = await db.createTable('t')
    const { id, seq } = await table.insert({ at: 1, members: ['a'], label: 'x' })
    for (const label of ['y', 'z']) {
      await table.update(id, { label })
      await db.compact()
    }
    expect(table.get(id, { asOf: seq })?.label).toBe('x')
    await table.delete(id)
    await db.compact()
    expect(table.get(id, { asOf: seq })?.label).toBe('x')
  })
})

describe('a backup', () => {
  test('into an earlier one takes only what is new', async () => {
    const db = await newDatabase()
    const calls = await callsOf(db)
    await calls.insertMany(sampleRows(500))
    await db.flush()
    const [directory, to] = [`${db.path}-backup`, `${db.path}-restored`]
    const first = await db.backup(directory)
    await calls.insertMany(sampleRows(50).map(({ key: _, ...row }) => row))
    await db.flush()
    const second = await db.backup(directory)
    expect(first.filesLinked + first.filesCopied).toBeGreaterThan(0)
    expect(second.filesKept).toBeGreaterThan(0)
    expect(second.seq).toBeGreaterThan(first.seq)
    expect((await Database.restore({ from: directory, to })).faults).toEqual([])
    await using restored = await Database.open(to)
    expect(restored.table('calls').findSync().rows()).toEqual(calls.findSync().rows())
    await restored.table('calls').insert({ at: 1, members: ['more'] })
    expect(restored.table('calls').findSync().rowCount).toBe(551)
    expect(calls.findSync().rowCount).toBe(550)
  })

  test('taken again and again while others write is each time a whole state', async () => {
    const db = await newDatabase({ memtableRecordsMax: 500 })
    const table = await db.createTable('t')
    let isDone = false
    const write = async () => {
      // Ten at a time: a state that is not whole has another count.
      for (let at = 0; !isDone; at += 10) {
        await table.insertMany(
          Array.from({ length: 10 }, (_, row) => ({ at: at + row, members: [row] })),
        )
      }
    }
    const writing = Promise.all([write(), write()])
    for (let round = 0; round < 5; round++) {
      const [from, to] = [`${db.path}-backup-${round}`, `${db.path}-restored-${round}`]
      const { seq } = await db.backup(from)
      await Database.restore({ from, to })
      await using restored = await Database.open(to, { readOnly: true })
      expect(restored.table('t').findSync().rowCount % 10).toBe(0)
      expect(restored.snapshot().seq).toBe(seq)
      expect((await restored.check()).faults).toEqual([])
    }
    isDone = true
    await writing
  })

  test('that is damaged is not restored, and one into a place that is taken neither', async () => {
    const db = await newDatabase()
    await (await callsOf(db)).insertMany(sampleRows(500))
    await db.flush()
    const [from, to] = [`${db.path}-backup`, `${db.path}-restored`]
    await db.backup(from)
    expect(await codeOf(() => Database.restore({ from, to: db.path }))).toBe('exists')
    expect(await codeOf(() => Database.restore({ from: `${from}-not`, to }))).toMatch(
      /^(not_found|not_a_database)$/,
    )
    // A copy: the backup shares its files with the database.
    const copy = `${from}-copy`
    await cp(from, copy, { recursive: true })
    const [segment = ''] = await filesOf(copy, '.hg')
    await flipByte(segment, 5000)
    expect(await codeOf(() => Database.restore({ from: copy, to }))).toBe('corrupt')
    expect(await codeOf(() => Database.open(to, { create: false }))).toBe('not_found')
  })

  test('into a directory of something else is refused', async () => {
    const db = await newDatabase()
    const directory = await temporaryDirectory()
    await writeFile(join(directory, 'README'), 'mine')
    expect(await codeOf(() => db.backup(directory))).toMatch(/^(exists|not_a_database|invalid)$/)
    expect(await readFile(join(directory, 'README'), 'utf8')).toBe('mine')
    expect(await codeOf(() => db.backup(db.path))).toMatch(/^(exists|invalid|locked)$/)
    expect((await db.check()).faults).toEqual([])
  })
})

test('check finds a byte that changed in each kind of file', async () => {
  const db = await newDatabase()
  await (await callsOf(db)).insertMany(sampleRows(500))
  await db.compact()
  await db.close()
  const files = await filesOf(db.path, '.hg')
  expect(files.length).toBeGreaterThan(2)
  for (const [place, file] of files.entries()) {
    const copy = `${db.path}-${place}`
    await cp(db.path, copy, { recursive: true })
    await flipByte(join(copy, file.slice(db.path.length + 1)), 70)
    const outcome = await Database.open(copy, { readOnly: true }).then(
      async (opened) => {
        const { faults } = await opened.check()
        await opened.close()
        return faults.length > 0 ? 'fault' : `${file}: sound`
      },
      (error: { readonly code: string }) => error.code,
    )
    expect(outcome).toMatch(/^(fault|corrupt)$/)
  }
})

test('a log damaged in the middle opens read-only, and a repair keeps what is before', async () => {
  const db = await newDatabase({ durability: 'sync' })
  const table = await db.createTable('t')
  for (let at = 0; at < 20; at++) await table.insert({ at, members: [at] })
  await db.close()
  const [log = ''] = await filesOf(db.path, '.log')
  const bytes = await readFile(log)
  const end = bytes.findLastIndex((byte) => byte !== 0)
  await flipByte(log, Math.floor(end / 2))
  const damaged = await Database.open(db.path)
  const { openReport } = damaged
  expect(openReport.damagedLog).toBe(true)
  expect(openReport.damageOffset).toBeGreaterThan(64)
  expect(log.endsWith(openReport.damagedFile.split('/').at(-1) ?? '?')).toBe(true)
  const kept = damaged.table('t').findSync().rows()
  expect(kept.length).toBeGreaterThan(0)
  expect(await codeOf(() => damaged.table('t').insert({ at: 1, members: [1] }))).toMatch(
    /^(damaged_log|read_only)$/,
  )
  await damaged.close()
  const report = await Database.repair(db.path)
  expect(report.bytesQuarantined).toBeGreaterThan(0)
  expect(report.quarantined.length).toBeGreaterThan(0)
  await using repaired = await Database.open(db.path)
  expect(repaired.openReport.damagedLog).toBe(false)
  expect(repaired.table('t').findSync().rows()).toEqual(kept)
  await repaired.table('t').insert({ at: 100, members: [1] })
  expect((await repaired.check()).faults).toEqual([])
})

test('a torn end of the log is cut, and what was before is there', async () => {
  const db = await newDatabase({ durability: 'os' })
  const table = await db.createTable('t')
  for (let at = 0; at < 20; at++) await table.insert({ at, members: [at] })
  await db.close()
  const [log = ''] = await filesOf(db.path, '.log')
  const bytes = await readFile(log)
  const end = bytes.findLastIndex((byte) => byte !== 0)
  await writeFile(log, bytes.subarray(0, end - 3))
  await using again = await Database.open(db.path)
  expect(again.openReport.logBytesTruncated).toBeGreaterThan(0)
  expect(again.openReport.damagedLog).toBe(false)
  expect(again.table('t').findSync().rowCount).toBe(19)
})

test('a repair of what somebody has open, or of nothing, is refused', async () => {
  const db = await newDatabase()
  expect(await codeOf(() => Database.repair(db.path))).toBe('locked')
  expect(await codeOf(() => Database.repair(`${db.path}-not`))).toMatch(
    /^(not_found|not_a_database)$/,
  )
  const empty = await temporaryDirectory()
  expect(await codeOf(() => Database.repair(empty))).toBe('not_a_database')
})

test('a database of a newer format is left alone', async () => {
  const db = await newDatabase()
  await db.close()
  const path = join(db.path, 'MANIFEST')
  const manifest = await readFile(path)
  manifest.writeUInt32LE(9999, 8)
  manifest.writeUInt32LE(~9999 >>> 0, 12)
  await writeFile(path, manifest)
  for (const options of [{}, { readOnly: true }]) {
    expect(await codeOf(() => Database.open(db.path, options))).toBe('newer_format')
  }
  expect(await codeOf(() => Database.repair(db.path))).toBe('newer_format')
  expect((await readFile(path)).equals(manifest)).toBe(true)
})

test('a database whose files are gone says what is missing', async () => {
  const db = await newDatabase()
  await (await callsOf(db)).insertMany(sampleRows(100))
  await db.flush()
  await db.close()
  const [segment = ''] = (await filesOf(db.path, '.hg')).filter((path) => path.includes('seg-'))
  await rm(segment)
  const work = Database.open(db.path)
  await expect(work).rejects.toThrow(segment.split('/').at(-1))
  expect(await codeOf(() => work)).toMatch(/^(corrupt|not_found)$/)
})

test('stats count what there is', async () => {
  const db = await newDatabase()
  const calls = await callsOf(db)
  const { seq } = await calls.insertMany(sampleRows(100))
  const fresh = await db.stats()
  expect(fresh).toMatchObject({ seq, memtableRecords: 100, segmentRecords: 0, commits: 2 })
  await calls.delete(calls.findSync({ limit: 10 }).ids as never)
  await db.compact()
  const later = await db.stats()
  expect(later).toMatchObject({ memtableRecords: 0, segmentCount: 1 })
  expect(later.flushes).toBeGreaterThanOrEqual(1)
  expect(later.diskBytes).toBeGreaterThan(later.segmentBytes)
  expect(later.tables.find(({ name }) => name === 'calls')).toMatchObject({ segments: 1 })
})
