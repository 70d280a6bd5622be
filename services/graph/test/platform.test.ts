import { startPlatform, topologies } from '@hypermesh/testing'
import { describe, expect, test } from 'vitest'

describe.each(topologies)('a platform as %s', (topology) => {
  test('serves hyperedges through its gateway, by the client', async () => {
    await using platform = await startPlatform({ topology })
    const { admin, writer, reader } = platform.clients
    expect(await admin.createGraphDatabase('Social')).toEqual({
      database: 'social',
      state: 'ready',
      tables: 0,
    })
    await expect(writer.createGraphDatabase('other')).rejects.toMatchObject({ code: 'forbidden' })
    const table = { table: 'calls', properties: { amt: 'float64', note: 'string' } } as const
    expect(await writer.createGraphTable('social', table)).toMatchObject({ table: 'calls' })
    const hyperedges = Array.from({ length: 100 }, (_, index) => ({
      at: Date.UTC(2024, 0, 1) + index * 1000,
      members: [`p${index % 10}`, 'hub', index],
      key: `call-${index}`,
      props: { amt: index / 2, note: index % 2 === 0 ? 'naïve 😀' : null },
    }))
    const inserted = await writer.insertHyperedges('social.calls', { hyperedges })
    expect(inserted).toMatchObject({ inserted: 100, duplicates: 0 })
    expect(await writer.insertHyperedges('social.calls', { hyperedges })).toMatchObject({
      inserted: 0,
      duplicates: 100,
      ids: inserted.ids,
    })
    const page = await reader.listHyperedges('social.calls', { member: 'p3', limit: 4 })
    expect(page.hyperedges.map(({ id }) => id)).toEqual([3, 13, 23, 33].map((n) => inserted.ids[n]))
    expect(page.hyperedges[0]).toMatchObject({
      at: '2024-01-01T00:00:03.000Z',
      until: null,
      members: ['p3', 'hub', 3],
      roles: null,
      key: 'call-3',
      props: { amt: 1.5, note: null },
    })
    const cursor = page.next_cursor ?? expect.unreachable()
    const rest = await reader.listHyperedges('social.calls', { member: 'p3', cursor })
    expect([rest.hyperedges.length, rest.next_cursor]).toEqual([6, null])
    const found = await reader.findHyperedges('social.calls', {
      members: { all: ['hub', 42] },
      where: { column: 'amt', gte: 1 },
      columns: ['members', 'amt'],
    })
    expect(found.hyperedges).toEqual([{ members: ['p2', 'hub', 42], props: { amt: 21 } }])
    expect(await reader.listGraphDatabases()).toMatchObject({
      databases: [{ database: 'social', tables: 1 }],
    })
    expect(await reader.getGraphTable('social.calls')).toMatchObject({
      stats: { hyperedges: 100 },
    })
    await writer.dropGraphTable('social.calls')
    expect((await reader.listGraphTables('social')).tables).toEqual([])
    await admin.deleteGraphDatabase('social')
    await expect(reader.getGraphDatabase('social')).rejects.toMatchObject({ code: 'not_found' })
  })
})
