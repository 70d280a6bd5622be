import { expect, test } from 'vitest'
import { openGraph } from './_graph.ts'

/** Resolves once it has flushed so often; the test's own time is the limit. */
async function flushed(graph: Awaited<ReturnType<typeof openGraph>>, count: number) {
  for (;;) {
    const { flushes } = await graph.call<{ flushes: number }>('GET', '/db')
    if (flushes >= count) return
  }
}

test('COMPACT_THRESHOLD is looked at after each write, by whichever door', async () => {
  await using graph = await openGraph()
  await graph.call('PUT', '/db')
  await graph.call('POST', '/db/tables', { table: 't' })
  const query = (text: string) => graph.call('POST', '/db/query', { query: text })
  await query('COMPACT_THRESHOLD 1')
  const { flushes: begun } = await graph.call<{ flushes: number }>('GET', '/db')
  const row = { at: 1, members: ['a'] }
  const inserted = await graph.call<{ ids: number[] }>('POST', '/db/tables/t/hyperedges', {
    hyperedges: [row, row],
  })
  await flushed(graph, begun + 1)
  const [first, second] = inserted.ids
  await graph.call('PATCH', '/db/tables/t/hyperedges', { changes: [{ id: first, weight: 2 }] })
  await flushed(graph, begun + 2)
  await graph.call('POST', '/db/transactions', {
    operations: [{ insert: { table: 't', hyperedges: [row] } }],
  })
  await flushed(graph, begun + 3)
  // Of a deletion no record waits; the next write has it written too.
  await graph.call('POST', '/db/tables/t/hyperedges/delete', { ids: [second] })
  await graph.send('POST', '/db/tables/t/import?format=ndjson', {
    body: `${JSON.stringify(row)}\n`,
    headers: { 'content-type': 'application/x-ndjson' },
  })
  await flushed(graph, begun + 4)
  await query('UPDATE t SET weight = 3')
  await flushed(graph, begun + 5)
  expect(await graph.call('GET', '/db/tables/t')).toMatchObject({ stats: { hyperedges: 3 } })
})
