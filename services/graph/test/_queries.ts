import { openGraph } from './_graph.ts'

export interface QueryReply {
  readonly columns: readonly { readonly name: string; readonly type: string }[]
  readonly rows: readonly (readonly unknown[])[]
  readonly next_cursor: string | null
  readonly truncated: boolean
  readonly seq: number
  readonly examined: number
  readonly receipt: unknown
}

export type OpenGraph = Awaited<ReturnType<typeof openGraph>>

/** Statements of the database `db`. */
function queriesOf(graph: OpenGraph) {
  const send = (query: string, more: object = {}, role: 'reader' | 'admin' = 'admin') =>
    graph.send('POST', '/db/query', {
      role,
      body: JSON.stringify({ query, ...more }),
      headers: { 'content-type': 'application/json' },
    })
  /** The reply, with the request's own errors thrown. */
  const run = (query: string, more: object = {}) =>
    graph.call<QueryReply>('POST', '/db/query', { query, ...more })
  const rowsOf = async (query: string, more: object = {}) => (await run(query, more)).rows
  return { graph, send, run, rowsOf }
}

/** A graph service with the table E of four hyperedges; the id of the first is `base + 1`. */
export async function openQueries() {
  const queries = queriesOf(await openGraph())
  await queries.graph.call('PUT', '/db')
  await queries.run(
    'CREATE HYPEREDGE TABLE E () BUCKET_SECONDS 10 PROPERTIES (a INTEGER, b REAL, name STRING, ok BOOLEAN, due TIMESTAMP)',
  )
  await queries.run(`INSERT HYPEREDGE
    (:E {event_ts: 1700000000, members: ['ann', 'bob'], weight: 0.5, label: 'V', a: 1, b: 1.5, name: 'x1', ok: TRUE, due: '2024-01-01'}),
    (:E {event_ts: 1700000005, members: [{node: 'ann', role: 'host'}, {node: 7, role: 'guest'}], weight: 0.9, label: 'W', a: 2, name: 'x2', ok: FALSE}),
    (:E {event_ts: 1700000020, members: ['bob', 'eve', 7], weight: 0.7, a: 3, b: -2.5, key: 'k3'}),
    (:E {event_ts: '2023-11-14T22:14:00Z', members: {host: ['eve'], guest: ['ann']}, label: 'V', name: 'y'})`)
  const [first] = await queries.rowsOf('MATCH HYPEREDGE (he:E) RETURN he.id LIMIT 1')
  return { ...queries, base: Number(first?.[0]) - 1 }
}
