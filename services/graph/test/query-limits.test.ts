import { expect, test } from 'vitest'
import { openGraph } from './_graph.ts'

/** A table `L` of so many hyperedges of one member, under the limits. */
async function openLimited(limits: object, count: number) {
  const graph = await openGraph({ limits })
  await graph.call('PUT', '/db')
  const run = (query: string, more: object = {}) =>
    graph.call<{ rows: unknown[][]; next_cursor: string | null }>('POST', '/db/query', {
      query,
      ...more,
    })
  await run('CREATE HYPEREDGE TABLE L () PROPERTIES (n INTEGER)')
  for (let n = 0; n < count; n++) {
    await run(`INSERT HYPEREDGE (:L {event_ts: ${n}, members: [${n}], n: ${n}})`)
  }
  return { run, [Symbol.asyncDispose]: () => graph[Symbol.asyncDispose]() }
}

const tooLarge = (limit: string) => ({ code: 'too_large', details: { limit } })

test('what a statement holds: values', async () => {
  await using graph = await openLimited({ graphQueryCellsMax: 6 }, 9)
  const sorted = (where: string) =>
    graph.run(`MATCH HYPEREDGE (l:L) ${where} RETURN l.n ORDER BY l.n`)
  // A row and its key.
  expect((await sorted('WHERE l.n < 3')).rows).toHaveLength(3)
  await expect(sorted('WHERE l.n < 4')).rejects.toMatchObject(tooLarge('graph_query_cells_max'))
  const keys = Array(9).fill('l.n').join(', ')
  await expect(
    graph.run(`MATCH HYPEREDGE (l:L) WHERE l.n < 1 RETURN l.n ORDER BY ${keys}`),
  ).rejects.toMatchObject(tooLarge('graph_query_cells_max'))
  const long = (length: number) => `RETURN DISTINCT l.n, '${'x'.repeat(length)}' AS text`
  expect((await graph.run(`MATCH HYPEREDGE (l:L) WHERE l.n < 1 ${long(9)}`)).rows).toHaveLength(1)
  await expect(graph.run(`MATCH HYPEREDGE (l:L) WHERE l.n < 1 ${long(640)}`)).rejects.toMatchObject(
    tooLarge('graph_query_cells_max'),
  )
  await expect(sorted('')).rejects.toMatchObject(tooLarge('graph_query_cells_max'))
  const grouped = 'RETURN l.n, count(*)'
  expect((await graph.run(`MATCH HYPEREDGE (l:L) WHERE l.n < 3 ${grouped}`)).rows).toHaveLength(3)
  await expect(graph.run(`MATCH HYPEREDGE (l:L) ${grouped}`)).rejects.toMatchObject(
    tooLarge('graph_query_cells_max'),
  )
  // What has pages ends one early, and goes on.
  const query = 'MATCH HYPEREDGE (l:L) RETURN l.n'
  const first = await graph.run(query)
  expect(first.rows).toHaveLength(7)
  expect((await graph.run(query, { cursor: first.next_cursor })).rows).toEqual([[7], [8]])
})

test('what a statement holds: long texts count by their length', async () => {
  await using graph = await openLimited({ graphQueryCellsMax: 40 }, 0)
  await graph.run('CREATE HYPEREDGE TABLE S () PROPERTIES (s STRING)')
  const add = () =>
    graph.run(`INSERT HYPEREDGE (:S {event_ts: 1, members: [1], s: '${'x'.repeat(1000)}'})`)
  const sorted = 'MATCH HYPEREDGE (s:S) RETURN s.s ORDER BY s.id'
  for (let n = 0; n < 2; n++) await add()
  expect((await graph.run(sorted)).rows).toHaveLength(2)
  await add()
  await expect(graph.run(sorted)).rejects.toMatchObject(tooLarge('graph_query_cells_max'))
})

test('bytes of a page', async () => {
  await using graph = await openLimited({ graphPageBytesMax: 4000 }, 0)
  await graph.run('CREATE HYPEREDGE TABLE S () PROPERTIES (s STRING, n INTEGER)')
  const text = 'x'.repeat(1000)
  for (let n = 0; n < 5; n++) {
    await graph.run(`INSERT HYPEREDGE (:S {event_ts: ${n}, members: [1], s: '${text}', n: ${n}})`)
  }
  const query = 'MATCH HYPEREDGE (s:S) RETURN s.n, s.s SKIP 1'
  const first = await graph.run(query)
  expect(first.rows.map(([n]) => n)).toEqual([1, 2, 3])
  const second = await graph.run(query, { cursor: first.next_cursor })
  expect([second.rows, second.next_cursor]).toEqual([[[4, text]], null])
  const refused = tooLarge('graph_page_bytes_max')
  const sorted = 'MATCH HYPEREDGE (s:S) RETURN s.s ORDER BY s.n'
  const begun = await graph.run(sorted)
  expect(begun.rows).toEqual([[text], [text], [text]])
  const ended = await graph.run(sorted, { cursor: begun.next_cursor })
  expect([ended.rows, ended.next_cursor]).toEqual([[[text], [text]], null])
  const columns = Array.from({ length: 4 }, (_, at) => `s.s AS c${at}`).join(', ')
  const wide = `MATCH HYPEREDGE (s:S) RETURN ${columns} LIMIT 1`
  await expect(graph.run(wide)).rejects.toMatchObject(refused)
})

test('pairs of a join without shared members', async () => {
  await using graph = await openLimited({ graphQueryPairsMax: 12 }, 4)
  const join = (where: string) =>
    graph.run(`MATCH HYPEREDGE (a:L), (b:L) WHERE ${where} RETURN count(*)`)
  expect((await join('a.n < 3')).rows).toEqual([[9]])
  await expect(join('a.n >= 0')).rejects.toMatchObject(tooLarge('graph_query_pairs_max'))
})

test('hyperedges that one statement writes', async () => {
  await using graph = await openLimited({ graphBatchMax: 3 }, 4)
  const message = tooLarge('graph_batch_max')
  await expect(graph.run('UPDATE L SET n = 9')).rejects.toMatchObject(message)
  await expect(graph.run('DELETE FROM L')).rejects.toMatchObject(message)
  const row = '(:L {event_ts: 1, members: [1]})'
  const insert = (count: number) =>
    graph.run(`INSERT HYPEREDGE ${Array(count).fill(row).join(', ')}`)
  await expect(insert(4)).rejects.toMatchObject(message)
  expect((await graph.run('MATCH HYPEREDGE (l:L) RETURN sum(l.n), count(*)')).rows).toEqual([
    [6, 4],
  ])
  await graph.run('UPDATE L SET n = 9 WHERE n < 3')
  await insert(3)
  expect((await graph.run('MATCH HYPEREDGE (l:L) RETURN sum(l.n), count(*)')).rows).toEqual([
    [30, 7],
  ])
})

test('statements that wait', async () => {
  const limits = { graphQueryConcurrencyMax: 1, graphQueryQueueMax: 1 }
  await using graph = await openLimited(limits, 1)
  const all = await Promise.allSettled(
    Array.from({ length: 8 }, () => graph.run('MATCH HYPEREDGE (l:L) RETURN count(*)')),
  )
  const refused = all.filter(({ status }) => status === 'rejected')
  expect(refused.length).toBeGreaterThan(0)
  expect(refused).toEqual(
    refused.map(() =>
      expect.objectContaining({ reason: expect.objectContaining({ code: 'unavailable' }) }),
    ),
  )
  expect((await graph.run('MATCH HYPEREDGE (l:L) RETURN count(*)')).rows).toEqual([[1]])
})

test('conditions that the engine takes at once: the others are checked after it', async () => {
  await using graph = await openLimited({}, 5)
  const terms = (count: number) =>
    Array.from({ length: count }, (_, n) => `l.n <> ${n + 2}`).join(' AND ')
  const either = (count: number) =>
    Array.from({ length: count }, (_, n) => `l.n = ${n * 2} AND l.arity = 1`).join(' OR ')
  for (const count of [900, 1100, 3000]) {
    expect(await rowsOf(graph, `WHERE ${terms(count)}`)).toEqual([0, 1])
    expect(await rowsOf(graph, `WHERE ${either(count)}`)).toEqual([0, 2, 4])
  }
})

async function rowsOf(graph: Awaited<ReturnType<typeof openLimited>>, where: string) {
  return (await graph.run(`MATCH HYPEREDGE (l:L) ${where} RETURN l.n`)).rows.flat()
}

test('columns of RETURN and terms of ORDER BY', async () => {
  await using graph = await openLimited({ graphQueryColumnsMax: 3, graphQueryOrderMax: 2 }, 1)
  const returned = (columns: number, terms: number) => {
    const items = Array.from({ length: columns }, (_, n) => `l.n AS c${n}`)
    const order = Array.from({ length: terms }, (_, n) => `l.n + ${n}`)
    return graph.run(
      `MATCH HYPEREDGE (l:L) RETURN ${items.join(', ')} ORDER BY ${order.join(', ')}`,
    )
  }
  expect((await returned(3, 2)).rows).toEqual([[0, 0, 0]])
  await expect(returned(4, 2)).rejects.toMatchObject(tooLarge('graph_query_columns_max'))
  await expect(returned(3, 3)).rejects.toMatchObject(tooLarge('graph_query_order_max'))
})
