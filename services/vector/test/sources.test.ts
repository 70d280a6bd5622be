import type { VectorSourceRequest } from '@hypermesh/contract'
import { type Platform, startPlatform, topologies } from '@hypermesh/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

interface Row {
  readonly id: number
  readonly vec: readonly (number | null)[] | null
  readonly colour?: string | null
  readonly price?: number | null
}

const ndjson = (rows: readonly Row[]) => rows.map((row) => JSON.stringify(row)).join('\n')
const row = (id: number, x = id, colour: string | null = 'red'): Row => ({
  id,
  vec: [x + 0.5, 1.5],
  colour,
  price: id * 1.5,
})

describe.each(topologies)('%s', (topology) => {
  let platform: Platform
  let count = 0

  beforeAll(async () => {
    platform = await startPlatform({
      topology,
      network: topology === 'split',
      config: { vector: { followMs: 20 } },
    })
  })

  afterAll(async () => {
    await platform[Symbol.asyncDispose]()
  })

  const load = (table: string, rows: readonly Row[], mode: 'append' | 'overwrite' = 'append') =>
    platform.clients.writer.ingest(table, { body: ndjson(rows), format: 'ndjson', mode })

  /** A table of its own with these rows, and an empty index. */
  async function setUp(rows: readonly Row[]) {
    const { writer } = platform.clients
    count += 1
    const [table, index] = [`main.t${count}`, `i${count}`]
    await load(table, rows)
    await writer.createVectorIndex(index, { dimension: 2, metric: 'l2', storage: 'f32' })
    const request = (more: Partial<VectorSourceRequest> = {}): VectorSourceRequest => ({
      ...{ table, key: 'id', vector: 'vec', metadata: ['colour', 'price'] },
      ...more,
    })
    return { writer, table, index, request }
  }

  const held = async (index: string) => {
    const { points } = await platform.clients.reader.scrollPoints(index, { withVector: true })
    return points
      .map(({ id, vector, metadata }) => [id, vector, metadata])
      .sort(([one], [other]) => (String(one) < String(other) ? -1 : 1))
  }
  const expected = (rows: readonly Row[]) =>
    rows
      .map(({ id, vec, colour, price }) => [
        ...[id, vec],
        { ...(colour == null ? {} : { colour }), ...(price == null ? {} : { price }) },
      ])
      .sort(([one], [other]) => (String(one) < String(other) ? -1 : 1))
  const current = (index: string) =>
    expect.poll(() => platform.clients.reader.getVectorSource(index))

  test('an index follows appends, overwrites and deletes of its table by itself', async () => {
    const { writer, table, index, request } = await setUp([row(1), row(2, 2, null)])
    await writer.putVectorSource(index, request())
    await current(index).toMatchObject({ state: 'current', points: 2, snapshotsBehind: 0 })
    expect(await held(index)).toEqual(expected([row(1), row(2, 2, null)]))
    await load(table, [row(3), row(1, 9, 'blue')])
    await current(index).toMatchObject({ state: 'current', points: 3, repeatedKeys: 1 })
    expect(await held(index)).toEqual(expected([row(1, 9, 'blue'), row(2, 2, null), row(3)]))
    const { snapshotId } = await load(table, [row(2), row(4)], 'overwrite')
    await current(index).toMatchObject({ state: 'current', snapshotId, points: 2, repeatedKeys: 0 })
    expect(await held(index)).toEqual(expected([row(2), row(4)]))
    expect(await writer.getVectorIndex(index)).toMatchObject({ source: table, points: 2 })
    const { hits } = await writer.searchVectors(index, { vector: [4.5, 1.5], k: 1 })
    expect(hits).toMatchObject([{ id: 4, distance: 0, metadata: { colour: 'red', price: 6 } }])
  })

  test('only what was appended is read, and rows that are the same are not written again', async () => {
    const { writer, table, index, request } = await setUp([row(1), row(2)])
    await writer.putVectorSource(index, request({ mode: 'manual' }))
    expect(await writer.getVectorSource(index)).toMatchObject({ state: 'behind', rowsBehind: 2 })
    await writer.syncVectorSource(index)
    const before = await writer.vectorStats(index)
    await load(table, [row(3)])
    await load(table, [row(4)])
    expect(await writer.getVectorSource(index)).toMatchObject({
      ...{ state: 'behind', snapshotsBehind: 2, rowsBehind: 2, points: 2 },
    })
    expect(await writer.syncVectorSource(index)).toMatchObject({ state: 'current', points: 4 })
    const appended = await writer.vectorStats(index)
    expect(appended.sequence - before.sequence).toBe(1)
    expect(appended.deadSlots).toBe(0)
    await load(table, [row(1), row(2, 7), row(4)], 'overwrite')
    expect(await writer.syncVectorSource(index)).toMatchObject({ state: 'current', points: 3 })
    // One replaced, one removed; the two others are as they were.
    expect((await writer.vectorStats(index)).deadSlots).toBe(2)
    expect(await held(index)).toEqual(expected([row(1), row(2, 7), row(4)]))
    const again = await writer.vectorStats(index)
    await writer.syncVectorSource(index)
    expect((await writer.vectorStats(index)).sequence).toBe(again.sequence)
  })

  test('rows that make no point stop it, or are left out and counted', async () => {
    const bad: Row[] = [
      { id: 10, vec: null },
      { id: 11, vec: [1, 2, 3] },
      { id: 12, vec: [1, null] },
      { id: -1, vec: [1, 2] },
    ]
    const { writer, table, index, request } = await setUp([row(1), ...bad])
    await writer.putVectorSource(index, request({ mode: 'manual' }))
    await expect(writer.syncVectorSource(index)).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('row 10'),
      details: { reason: 'bad-row', samples: [{ key: 10 }, { key: 11 }, { key: 12 }, {}] },
    })
    expect(await writer.getVectorSource(index)).toMatchObject({
      ...{ state: 'failed', points: 0, snapshotId: null, lastError: { code: 'invalid' } },
    })
    await writer.putVectorSource(index, request({ mode: 'manual', onBadRows: 'skip' }))
    expect(await writer.syncVectorSource(index)).toMatchObject({
      ...{ state: 'current', points: 1, badRows: { count: 4 } },
    })
    await load(table, [row(2), ...bad.slice(0, 1)])
    const reply = await writer.syncVectorSource(index)
    expect(reply).toMatchObject({ points: 2, badRows: { count: 5 } })
    expect(reply.badRows.samples[0]).toMatchObject({ key: 10, reason: expect.any(String) })
    expect(reply.lastError).toBeUndefined()
  })

  test('the points of a followed index are its table’s, until that is ended', async () => {
    const { writer, index, request } = await setUp([row(1)])
    await writer.writePoints(index, { points: [{ id: 99, vector: [1, 1] }] })
    const manual = request({ mode: 'manual' })
    await expect(writer.putVectorSource(index, manual)).rejects.toMatchObject({ code: 'exists' })
    await writer.putVectorSource(index, { ...manual, replace: true })
    await writer.syncVectorSource(index)
    expect((await held(index)).map(([id]) => id)).toEqual([1])
    const followed = { code: 'precondition', details: { reason: 'followed' } }
    const points = [{ id: 5, vector: [1, 1] }]
    await expect(writer.writePoints(index, { points })).rejects.toMatchObject(followed)
    await expect(writer.deletePoints(index, { ids: [1] })).rejects.toMatchObject(followed)
    await writer.deleteVectorSource(index)
    await writer.writePoints(index, { points })
    expect((await held(index)).map(([id]) => id)).toEqual([1, 5])
    await expect(writer.getVectorSource(index)).rejects.toMatchObject({ code: 'not_found' })
    await expect(writer.deleteVectorSource(index)).rejects.toMatchObject({ code: 'not_found' })
  })

  test('points of its own go also where the table has had no rows yet', async () => {
    const { writer, index, request } = await setUp([row(1)])
    const { metadata } = await writer.loadTable(request().table)
    const [schema] = metadata.schemas
    const name = `empty${count}`
    await writer.createTable('main', { name, schema: schema as never })
    await writer.writePoints(index, { points: [{ id: 99, vector: [1, 1] }] })
    const source = request({ table: `main.${name}`, mode: 'manual', replace: true })
    expect(await writer.putVectorSource(index, source)).toMatchObject({ state: 'behind' })
    expect(await writer.syncVectorSource(index)).toMatchObject({ state: 'current', points: 0 })
    expect(await held(index)).toEqual([])
  })

  test('a table or column that is not what it was is told, and the points stay', async () => {
    const { writer, table, index, request } = await setUp([row(1)])
    await writer.putVectorSource(index, request())
    await current(index).toMatchObject({ state: 'current' })
    const { metadata } = await writer.loadTable(table)
    const schema = metadata.schemas.at(-1)
    const renamed = {
      ...schema,
      type: 'struct' as const,
      'schema-id': 1,
      fields: (schema?.fields ?? []).map((field) =>
        field.name === 'colour' ? { ...field, name: 'color' } : field,
      ),
    }
    await writer.commitTable(table, {
      requirements: [],
      updates: [
        { action: 'add-schema', schema: renamed },
        { action: 'set-current-schema', 'schema-id': -1 },
      ],
    })
    await current(index).toMatchObject({
      state: 'failed',
      lastError: { code: 'precondition', details: { reason: 'column-renamed', name: 'color' } },
      points: 1,
    })
    await writer.putVectorSource(index, request({ metadata: ['color'] }))
    await current(index).toMatchObject({ state: 'current', metadata: ['color'] })
    await writer.renameTable(table, `${table}_old`)
    await current(index).toMatchObject({ state: 'failed', lastError: { code: 'not_found' } })
    await load(table, [row(1)])
    await current(index).toMatchObject({
      state: 'failed',
      lastError: { code: 'precondition', details: { reason: 'table-replaced' } },
    })
    expect((await held(index)).map(([id]) => id)).toEqual([1])
  })

  test('a column of texts is indexed by what they mean, and SQL finds them by a text', async () => {
    const { writer } = platform.clients
    count += 1
    const [table, index] = [`main.t${count}`, `i${count}`]
    const texts = ['a small dog barks', 'the bank lends money', 'rain falls from clouds', '… ! …']
    const body = texts.map((text, at) => JSON.stringify({ key: `k${at}`, text, at })).join('\n')
    await writer.ingest(table, { body, format: 'ndjson' })
    await writer.createVectorIndex(index, { embedding: { provider: 'static', field: 'words' } })
    const request: VectorSourceRequest = {
      ...{ table, key: 'key', text: 'text', metadata: ['at'], mode: 'manual' },
    }
    await writer.putVectorSource(index, request)
    await expect(writer.syncVectorSource(index)).rejects.toMatchObject({
      details: { reason: 'bad-row', samples: [{ key: 'k3' }] },
    })
    await writer.putVectorSource(index, { ...request, onBadRows: 'skip' })
    const source = await writer.syncVectorSource(index)
    expect(source).toMatchObject({ state: 'current', points: 3, badRows: { count: 1 } })
    const sql = `SELECT t.text, v.metadata->>'words' AS words, v.metadata->>'at' AS at
      FROM vector_search('${index}', 'a barking dog', 1) v JOIN ${table} t ON t.key = v.id`
    expect((await writer.sql(sql)).rows).toEqual([[texts[0], texts[0], '0']])
    const { sequence } = await writer.vectorStats(index)
    await writer.ingest(table, { body, format: 'ndjson', mode: 'overwrite', again: true })
    await writer.syncVectorSource(index)
    const again = await writer.vectorStats(index)
    expect([again.sequence, again.deadSlots]).toEqual([sequence + 1, 0])
  })

  test.each([
    [{ table: 'main.nowhere' }, 'not_found'],
    [{ table: 'nowhere' }, 'invalid_name'],
    [{ key: 'ID2' }, 'invalid'],
    [{ key: 'price' }, 'type_mismatch'],
    [{ vector: 'colour' }, 'type_mismatch'],
    [{ vector: undefined }, 'invalid'],
    [{ text: 'colour' }, 'invalid'],
    [{ metadata: ['vec', 'vec'] }, 'invalid'],
    [{ metadata: [''] }, 'invalid'],
  ])('a source of %j is a typed error, and nothing is followed', async (more, code) => {
    const { writer, index, request } = await setUp([row(1)])
    const wrong = request(more as Partial<VectorSourceRequest>)
    await expect(writer.putVectorSource(index, wrong)).rejects.toMatchObject({ code })
    expect((await writer.getVectorIndex(index)).source).toBeUndefined()
    await expect(writer.putVectorSource('nowhere', wrong)).rejects.toMatchObject({
      code: 'not_found',
    })
  })
})
