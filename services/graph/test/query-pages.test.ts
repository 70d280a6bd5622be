import { tableFromIPC } from 'apache-arrow'
import { expect, test } from 'vitest'
import { openGraph } from './_graph.ts'
import type { QueryReply } from './_queries.ts'

/** A table `L` of so many hyperedges, of which three and three share a node. */
async function openPaged(count: number, limits: object = {}) {
  const graph = await openGraph({ limits })
  await graph.call('PUT', '/db')
  const run = (query: string, more: object = {}) =>
    graph.call<QueryReply>('POST', '/db/query', { query, ...more })
  await run('CREATE HYPEREDGE TABLE L () PROPERTIES (n INTEGER, s STRING)')
  const rowOf = (n: number, s = 'x') =>
    `(:L {event_ts: ${n}, members: [${n}, ${Math.floor(n / 3) + 1000}], n: ${(n * 7) % count}, s: '${s}'})`
  const insert = (from: number, to: number, s?: string) => {
    const rows = Array.from({ length: to - from }, (_, at) => rowOf(from + at, s))
    return run(`INSERT HYPEREDGE ${rows.join(', ')}`)
  }
  await insert(0, count)
  const pagesOf = async (query: string, limit: number, between = async () => {}) => {
    const pages: QueryReply[] = []
    let cursor: string | null = null
    do {
      const page: QueryReply = await run(query, { limit, ...(cursor === null ? {} : { cursor }) })
      pages.push(page)
      cursor = page.next_cursor
      await between()
    } while (cursor !== null)
    return pages
  }
  return { graph, run, insert, pagesOf, [Symbol.asyncDispose]: () => graph[Symbol.asyncDispose]() }
}

const statements = [
  'MATCH HYPEREDGE (l:L) RETURN l.n, l.s ORDER BY l.n DESC',
  'MATCH HYPEREDGE (l:L) RETURN l.n, l.s ORDER BY l.s SKIP 3 LIMIT 17',
  'MATCH HYPEREDGE (l:L) RETURN DISTINCT l.n % 11 AS r',
  'MATCH HYPEREDGE (l:L) RETURN l.n % 9 AS r, count(*) AS c, sum(l.n) ORDER BY c, r DESC',
  'MATCH HYPEREDGE (l:L) RETURN bucket(l.event_ts, 2) AS b, count(*)',
  'MATCH HYPEREDGE (l:L) WHERE l.n + 0 > 5 UNWIND l.members AS m RETURN m, l.n',
  'MATCH HYPEREDGE (a:L), (b:L) WHERE shared(a, b) >= 1 RETURN a.n, b.n',
  'MATCH HYPEREDGE (a:L), (b:L) WHERE a.n < 5 AND b.n < 6 RETURN a.n, b.n ORDER BY b.n, a.n LIMIT 21',
  "MATCH PATH (1)-[l:L* {order: 'any'}]->() RETURN *",
]

test.each(statements)('pages of one commit, while it is written to: %s', async (query) => {
  await using paged = await openPaged(30)
  const { rows: all } = await paged.run(query)
  expect(all.length).toBeGreaterThan(2)
  let next = 30
  const pages = await paged.pagesOf(query, 4, async () => {
    await paged.insert(next, next + 5, 'a')
    await paged.run("UPDATE L SET n = 0, s = 'b' WHERE n < 9")
    await paged.run(`DELETE FROM L WHERE event_ts = ${next - 30}`)
    next += 5
  })
  expect(pages.flatMap(({ rows }) => rows)).toEqual(all)
  expect(pages).toHaveLength(Math.ceil(all.length / 4))
  expect(pages.map(({ truncated }) => truncated)).toEqual(pages.map(() => false))
  expect(new Set(pages.map(({ seq }) => seq)).size).toBe(1)
})

test('pages go on after a restart, with another size, and only of their own statement', async () => {
  const query = 'MATCH HYPEREDGE (l:L) RETURN l.n ORDER BY l.n LIMIT 20'
  await using paged = await openPaged(30)
  const first = await paged.run(query, { limit: 7 })
  expect(first.rows).toHaveLength(7)
  const cursor = first.next_cursor
  const refusals: [string, object][] = [
    [`${query.slice(0, -2)}19`, { cursor }],
    [query, { cursor: cursor?.replace('made', 'maid') }],
    [query, { cursor: `${cursor}9999999999999999` }],
    ['CALL show_hyperedge_tables() RETURN *', { cursor }],
  ]
  for (const [text, more] of refusals) {
    await expect(paged.run(text, more)).rejects.toMatchObject({ code: 'invalid' })
  }
  await paged.graph.service[Symbol.asyncDispose]()
  await using again = await openGraph({ directory: paged.graph.directory })
  const rest = await again.call<QueryReply>('POST', '/db/query', { query, cursor, limit: 100 })
  expect(rest.rows).toEqual(Array.from({ length: 13 }, (_, n) => [n + 7]))
  expect(rest.next_cursor).toBeNull()
})

test.each([
  'MATCH HYPEREDGE (l:L) RETURN l.n',
  'MATCH HYPEREDGE (l:L) RETURN l.n ORDER BY l.n',
  'MATCH HYPEREDGE (l:L) RETURN l.n, count(*)',
  'MATCH HYPEREDGE (a:L), (b:L) WHERE shared(a, b) >= 1 RETURN a.n, b.n',
])('another table of the same name does not end the pages of the first: %s', async (query) => {
  await using paged = await openPaged(9)
  const { next_cursor: cursor } = await paged.run(query, { limit: 4 })
  await paged.run('DROP HYPEREDGE TABLE L')
  await expect(paged.run(query, { cursor })).rejects.toMatchObject({ code: 'not_found' })
  await paged.run('CREATE HYPEREDGE TABLE L () PROPERTIES (n INTEGER, s STRING)')
  await paged.insert(0, 9)
  await expect(paged.run(query, { cursor })).rejects.toMatchObject({ code: 'invalid' })
})

test('what a TTL hides meanwhile has no pages', async () => {
  await using paged = await openPaged(9)
  await paged.run('ALTER HYPEREDGE TABLE L SET TTL 4000000000')
  const query = 'MATCH HYPEREDGE (l:L) RETURN l.n ORDER BY l.n'
  const cut = await paged.run(query, { limit: 4 })
  expect(cut).toMatchObject({ row_count: 4, truncated: true, next_cursor: null })
})

test.each([
  ['as they come', 'MATCH HYPEREDGE (l:L) RETURN l.n, l.s'],
  ['sorted', 'MATCH HYPEREDGE (l:L) RETURN l.n, l.s ORDER BY l.event_ts, l.n'],
])('a stream is made of pieces of bounded size: %s', async (_, query) => {
  const bytesMax = 4096
  await using paged = await openPaged(60, {
    graphStreamBytesMax: bytesMax,
    graphPageBytesMax: 30_000,
  })
  const text = 'y'.repeat(1000)
  await paged.insert(60, 90, text)
  const send = (statement: string, accept: string) =>
    paged.graph.send('POST', '/db/query', {
      body: JSON.stringify({ query: statement }),
      headers: { 'content-type': 'application/json', accept },
    })
  const ndjson = await send(query, 'application/x-ndjson')
  const pieces: Uint8Array[] = []
  for await (const piece of ndjson.body ?? []) pieces.push(piece)
  expect(pieces.length).toBeGreaterThan(7)
  for (const piece of pieces) expect(piece.length).toBeLessThanOrEqual(bytesMax)
  const lines = Buffer.concat(pieces).toString().trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line)['l.s'])).toEqual([
    ...Array(60).fill('x'),
    ...Array(30).fill(text),
  ])
  const arrow = await send(query, 'application/vnd.apache.arrow.stream')
  const table = tableFromIPC(new Uint8Array(await arrow.arrayBuffer()))
  expect(table.numRows).toBe(90)
  expect(table.batches.length).toBeGreaterThan(7)
  // A row that no piece holds.
  const columns = Array.from({ length: 40 }, (_, n) => `l.s AS c${n}`).join(', ')
  const wide = await send(
    `MATCH HYPEREDGE (l:L) WHERE l.n < 0 OR l.s = '${text}' RETURN ${columns}`,
    'application/x-ndjson',
  )
  expect(await wide.json()).toMatchObject({
    error: { code: 'too_large', details: { limit: 'graph_page_bytes_max' } },
  })
})

test.each([
  ['as they come', ''],
  ['sorted', ' ORDER BY l.n'],
])('a page that is long as JSON ends early, whatever makes it long: %s', async (_, order) => {
  await using paged = await openPaged(1, { graphPageBytesMax: 4096 })
  await paged.insert(1, 60, '"\n'.repeat(100))
  const eight = (value: string) =>
    Array.from({ length: 8 }, (_, at) => `${value} AS c${at}`).join(', ')
  for (const values of ['l.s', eight('timestamp(1700000000.123456)'), eight('-1.0 / 7100000000')]) {
    const query = `MATCH HYPEREDGE (l:L) RETURN l.n, ${values}${order}`
    const pages = await paged.pagesOf(query, 60)
    expect(pages.flatMap(({ rows }) => rows)).toHaveLength(60)
    expect(pages.length).toBeGreaterThan(1)
  }
})
