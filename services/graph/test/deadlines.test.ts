import { HyperMeshError } from '@hypermesh/contract'
import { expect, test } from 'vitest'
import { type OpenGraph, openGraph } from './_graph.ts'

const hyperedges = '/d/tables/t/hyperedges'
const json = { 'content-type': 'application/json' }
const deadline = () => new HyperMeshError('deadline', 'the request ran into its deadline')

async function filled(rows: number): Promise<OpenGraph> {
  const graph = await openGraph()
  await graph.call('PUT', '/d')
  await graph.call('POST', '/d/tables', { table: 't' })
  const batch = Array.from({ length: rows }, (_, at) => ({ at, members: [at % 10, 'x'] }))
  await graph.call('POST', hyperedges, { hyperedges: batch, durability: 'os' })
  return graph
}

test('past its deadline a question is 504, and a write 504 that has written nothing', async () => {
  await using graph = await filled(10)
  const abort = new AbortController()
  abort.abort(deadline())
  const body = (value: unknown) => ({ body: JSON.stringify(value), headers: json, abort })
  const row = { at: 99, members: ['late'] }
  const answers = await Promise.all([
    graph.send('GET', hyperedges, { abort }),
    graph.send('POST', `${hyperedges}/find`, body({})),
    graph.send('POST', `${hyperedges}/aggregate`, body({ measures: { n: 'count' } })),
    graph.send('POST', `${hyperedges}/expand`, body({ seeds: ['x'] })),
    graph.send(
      'POST',
      '/d/join',
      body({ left: { table: 't' }, right: { table: 't' }, within_ms: 1 }),
    ),
    graph.send('POST', hyperedges, body({ hyperedges: [row] })),
    graph.send('POST', `${hyperedges}/delete`, body({ ids: [1] })),
    graph.send(
      'POST',
      '/d/transactions',
      body({ operations: [{ delete: { table: 't', ids: [1] } }] }),
    ),
    graph.send('POST', '/d/tables/t/import', { body: JSON.stringify(row), abort }),
  ])
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 504))
  expect(await graph.call('GET', '/d/tables/t')).toMatchObject({ stats: { hyperedges: 10 } })
})

test('a stream ends with its deadline and with its reader, and holds no state afterwards', async () => {
  await using graph = await filled(20_000)
  const abort = new AbortController()
  const accept = { accept: 'application/x-ndjson' }
  const cut = await graph.send('GET', hyperedges, { abort, headers: accept })
  const reader = (cut.body ?? expect.unreachable()).getReader()
  expect((await reader.read()).done).toBe(false)
  abort.abort(deadline())
  await expect(
    (async () => {
      while (!(await reader.read()).done);
    })(),
  ).rejects.toMatchObject({ code: 'deadline' })
  const left = await graph.send('GET', hyperedges, { headers: accept })
  await left.body?.cancel()
  // Nobody reads any more: the database goes at once.
  await graph.call('DELETE', '/d')
  await expect(graph.call('GET', '/d')).rejects.toMatchObject({ code: 'not_found' })
})
