import { limits } from '@hypermesh/contract'
import { tableFromIPC } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openQueries, type QueryReply } from './_queries.ts'

const injection = 'E; DELETE FROM api_keys; --'
/** The id of T's first hyperedge, less one. */
let baseT = 0
const { graph, run, rowsOf, base } = await openQueries()
afterAll(async () => {
  await graph[Symbol.asyncDispose]()
})

describe('reads', () => {
  test('all of a table, its instants as text', async () => {
    const { columns, rows } = await run('MATCH HYPEREDGE (he:E) RETURN *')
    expect(columns.map(({ name }) => name)).toEqual(
      'id event_ts valid_to weight label members roles key a b name ok due'.split(' '),
    )
    expect(rows[0]).toEqual([
      ...[base + 1, '2023-11-14T22:13:20.000Z', null, 0.5, 'V', ['ann', 'bob'], [null, null], null],
      ...[1, 1.5, 'x1', true, '2024-01-01T00:00:00.000Z'],
    ])
    expect(rows).toHaveLength(4)
  })
  test.each<[string, number[]]>([
    ['he.event_ts >= 1700000005 AND he.event_ts <= 1700000020', [2, 3]],
    ['he.event_ts >= 1700000005', [2, 3, 4]],
    ['he.event_ts < 1700000005', [1]],
    ['he.event_ts > 1700000005000', [3, 4]],
    ['he.a IN [1.0, 9, NULL]', [1]],
    ['he.a + 0 IN [3, 7.5]', [3]],
    ['he.a + 0 NOT IN [3, NULL]', []],
    ['he.a + 0 NOT IN [3]', [1, 2]],
    ['he.a + 9223372036854775000 IN [9223372036854775002]', [2]],
    ['he.a * 1e20 IN [1e20, 300000000000000000000.0]', [1, 3]],
    ['he.b * 1e308 * 10 - he.b * 1e308 * 10 = 5', []],
    ['he.b * 1e308 * 10 - he.b * 1e308 * 10 IS NULL', [1, 2, 3, 4]],
    ['he.a NOT BETWEEN 2 AND 9', [1]],
    ['he.a BETWEEN 2 AND NULL', []],
    ['NOT (he.a + 0 BETWEEN 3 AND NULL)', [1, 2]],
    ['(he.ok BETWEEN TRUE AND TRUE) BETWEEN FALSE AND FALSE', [2]],
    ["he.event_ts BETWEEN '2023-11-14T22:13:25Z' AND 1700000020000000", [2, 3]],
    ['7 IN he.members', [2, 3]],
    ["'7' IN he.members", []],
    ["'ann' IN he.members('host')", [2]],
    ["'ann' IN he.members OR 'eve' IN he.members", [1, 2, 3, 4]],
    ["'ann' IN he.members AND ('bob' IN he.members OR 'eve' IN he.members)", [1, 4]],
    ["NOT 'ann' IN he.members", [3]],
    ['he.weight > 0.6 AND he.weight < 0.8', [3]],
    ["he.label = 'V'", [1, 4]],
    ["he.label <> 'V'", [2]],
    ["NOT (he.label = 'V')", [2]],
    ['he.label IS NULL', [3]],
    ['he.label IS NOT NULL AND he.b IS NULL', [2, 4]],
    ["he.name STARTS WITH 'x'", [1, 2]],
    ["he.name ENDS WITH '2' OR he.name CONTAINS 'y'", [2, 4]],
    ['he.a IN [1, 3, NULL]', [1, 3]],
    ['he.a NOT IN [1, NULL]', []],
    ['he.a NOT IN [1]', [2, 3]],
    ['he.a = NULL', []],
    ['he.a + 1 = 3', [2]],
    ['he.a / 2 > he.b', [3]],
    ['he.ok', [1]],
    ['NOT he.ok', [2]],
    ["he.due = '2024-01-01'", [1]],
    ['he.arity = 3', [3]],
    ['size(he.members) = 3', [3]],
    ["he.key = 'k3'", [3]],
    ['abs(he.b) > 2', [3]],
    ["coalesce(he.label, 'none') = 'none'", [3]],
    ['he.valid_to IS NULL AND he.seq > 0', [1, 2, 3, 4]],
    ["(he.a = 1 OR he.a = 2) AND NOT (he.label = 'W')", [1]],
  ])('%s', async (where, expected) => {
    const rows = await rowsOf(`MATCH HYPEREDGE (he:E) WHERE ${where} RETURN he.id - ${base}`)
    expect(rows.map(([id]) => id)).toEqual(expected)
  })
  test('figures by group', async () => {
    expect(
      await rowsOf(
        'MATCH HYPEREDGE (he:E) RETURN count(*), count(he.label), count(DISTINCT he.label), sum(he.a), min(he.b), max(he.name), avg(he.a), sum(he.b)',
      ),
    ).toEqual([[4, 3, 2, 6, -2.5, 'y', 2, -1]])
    expect(
      await rowsOf(
        'MATCH HYPEREDGE (he:E) RETURN bucket(he.event_ts, 10) AS span, count(*) AS n ORDER BY n DESC, span',
      ),
    ).toEqual([
      ['2023-11-14T22:13:20.000Z', 2],
      ['2023-11-14T22:13:40.000Z', 1],
      ['2023-11-14T22:14:00.000Z', 1],
    ])
    expect(
      await rowsOf(
        'MATCH HYPEREDGE (he:E) RETURN he.label, count(he) * 2 AS n, sum(he.weight) ORDER BY he.label',
      ),
    ).toEqual([
      ['V', 4, 1.5],
      ['W', 2, 0.9],
      [null, 2, 0.7],
    ])
    expect(
      await rowsOf('MATCH HYPEREDGE (he:E) WHERE he.a > 9 RETURN count(*), sum(he.a)'),
    ).toEqual([[0, null]])
    expect(
      await rowsOf(
        'MATCH HYPEREDGE (he:E) UNWIND he.members AS m RETURN m, count(*) AS n ORDER BY n DESC, m LIMIT 3',
      ),
    ).toEqual([
      ['ann', 3],
      [7, 2],
      ['bob', 2],
    ])
  })
  test('an alias that is the name of another key means itself in ORDER BY alone', async () => {
    const query = 'MATCH HYPEREDGE (he:E) WHERE he.b < 9 RETURN a AS x, b AS a, count(*) AS n'
    expect(await rowsOf(`${query} ORDER BY x`)).toEqual([
      [1, 1.5, 1],
      [3, -2.5, 1],
    ])
    expect(await rowsOf(`${query} ORDER BY a`)).toEqual([
      [3, -2.5, 1],
      [1, 1.5, 1],
    ])
    expect(
      await rowsOf('MATCH HYPEREDGE (he:E) RETURN a AS x, count(*) + x AS n ORDER BY x LIMIT 2'),
    ).toEqual([
      [1, 2],
      [2, 3],
    ])
  })
  test.each(['+ 1e308 * 10', '- 1e300', '+ 1e13'])('an instant %s is refused', async (shift) => {
    const query = `MATCH HYPEREDGE (he:E) RETURN he.event_ts ${shift} AS t`
    await expect(run(query)).rejects.toMatchObject({ code: 'invalid' })
  })
  test('what UNWIND makes may be called by a word of the language', async () => {
    const query = 'MATCH HYPEREDGE (he:E) UNWIND he.members AS `order` RETURN `order` LIMIT 2'
    expect(await rowsOf(query)).toEqual([['ann'], ['bob']])
    expect(
      (await run('MATCH HYPEREDGE (he:E) UNWIND he.members AS `order` RETURN *')).columns.at(-1),
    ).toEqual({ name: 'order', type: 'node' })
  })
  test('DISTINCT, ORDER BY, SKIP, LIMIT', async () => {
    expect(await rowsOf('MATCH HYPEREDGE (he:E) RETURN DISTINCT he.label')).toEqual([
      ['V'],
      ['W'],
      [null],
    ])
    const sorted = `MATCH HYPEREDGE (he:E) RETURN he.id - ${base}, he.weight AS w ORDER BY w DESC`
    expect(await rowsOf(sorted)).toEqual([
      [4, 1],
      [2, 0.9],
      [3, 0.7],
      [1, 0.5],
    ])
    expect(await rowsOf(`${sorted} SKIP 1 LIMIT 2`)).toEqual([
      [2, 0.9],
      [3, 0.7],
    ])
    expect(
      await rowsOf(
        `MATCH HYPEREDGE (he:E) RETURN he.id - ${base} ORDER BY he.event_ts DESC SKIP 1 LIMIT 2`,
      ),
    ).toEqual([[3], [2]])
  })
  test('parameters are values', async () => {
    const query =
      'MATCH HYPEREDGE (he:E) WHERE $who IN he.members AND he.label IN $labels RETURN he.id LIMIT $n'
    const parameters = { who: 'ann', labels: ['V', 'W'], n: 2 }
    expect(await rowsOf(query, { parameters })).toEqual([[base + 1], [base + 2]])
    const pasted = { who: "ann' IN he.members OR 'x", labels: ['V'], n: 9 }
    expect(await rowsOf(query, { parameters: pasted })).toEqual([])
    await expect(run(query, { parameters: { who: 1 } })).rejects.toMatchObject({ code: 'invalid' })
    await expect(run(query, { parameters: { ...parameters, x: 1 } })).rejects.toMatchObject({
      code: 'invalid',
    })
  })
  test('pages go on behind the row before, with or without a filter here', async () => {
    for (const where of ['', "WHERE he.name CONTAINS 'x' OR he.a = 3 OR he.label = 'V'"]) {
      const ids: unknown[] = []
      let cursor: string | null | undefined
      do {
        const query = `MATCH HYPEREDGE (he:E) ${where} RETURN he.id LIMIT 3`
        const reply: QueryReply = await run(
          query,
          cursor === undefined ? { limit: 2 } : { limit: 2, cursor },
        )
        ids.push(...reply.rows.flat())
        cursor = reply.next_cursor
      } while (cursor !== null)
      expect(ids).toEqual([base + 1, base + 2, base + 3])
    }
    const { next_cursor: cursor } = await run('MATCH HYPEREDGE (he:E) RETURN he.id', { limit: 1 })
    const other = run('MATCH HYPEREDGE (he:E) RETURN he.weight', { limit: 1, cursor })
    await expect(other).rejects.toMatchObject({ code: 'invalid' })
  })
  test('procedures', async () => {
    expect(await run('CALL show_hyperedge_tables() RETURN *')).toMatchObject({
      columns: [
        { name: 'name' },
        { name: 'member_tables' },
        { name: 'bucket_seconds' },
        { name: 'row_count' },
      ],
      rows: [['E', [], 10, 4]],
    })
    expect(
      await rowsOf(
        "CALL GET_HYPEREDGES_BY_TIME_RANGE('E', 1700000005, 1700000020) RETURN id, weight",
      ),
    ).toEqual([
      [base + 2, 0.9],
      [base + 3, 0.7],
    ])
    await expect(
      run(`CALL get_hyperedges_by_time_range('${injection}', 1, 2)`),
    ).rejects.toMatchObject({ code: 'invalid_name' })
    await expect(run('CALL nothing()')).rejects.toMatchObject({ code: 'not_found' })
  })
  test('EXPLAIN measures', async () => {
    const explain = async (where: string) => {
      const { columns, rows } = await run(`EXPLAIN MATCH HYPEREDGE (he:E) WHERE ${where} RETURN *`)
      return Object.fromEntries(columns.map(({ name }, at) => [name, rows[0]?.[at]]))
    }
    expect(await explain('he.event_ts >= 1700000000 AND he.event_ts < 1700000010')).toMatchObject({
      ...{ strategy: 'TPI_BUCKET_PUSHDOWN', buckets_scanned: 1, total_buckets: 3 },
      ...{ rows_examined: 2, rows: 2, elapsed_us: expect.any(Number) },
    })
    expect(await explain('7 IN he.members')).toMatchObject({ strategy: 'FMI_LOOKUP', rows: 2 })
    expect(await explain('he.weight > 0')).toMatchObject({
      strategy: 'FULL_SCAN',
      rows_examined: 4,
    })
    await graph.call('POST', '/db/query', { query: 'CREATE INDEX by_a ON E (a)' })
    expect(await explain('he.a > 5 AND he.a < 2')).toMatchObject({ rows: 0 })
  })
})

describe('joins and paths', () => {
  beforeAll(async () => {
    await run('CREATE HYPEREDGE TABLE T (caller, callee)')
    await run(`INSERT HYPEREDGE
      (:T {event_ts: 10, members: {caller: ['a'], callee: ['b']}}),
      (:T {event_ts: 20, members: {caller: ['b'], callee: ['c']}}),
      (:T {event_ts: 30, members: {caller: ['c'], callee: ['d']}}),
      (:T {event_ts: 90, members: {caller: ['a'], callee: ['d']}})`)
    baseT = Number((await rowsOf('MATCH HYPEREDGE (t:T) RETURN t.id LIMIT 1'))[0]?.[0]) - 1
  })
  test('by shared members and distance in time, with conditions of either side', async () => {
    expect(
      await rowsOf(
        'MATCH HYPEREDGE (x:T), (y:T) WHERE shared(x, y) >= 1 AND y.event_ts > x.event_ts AND y.event_ts - x.event_ts <= 20 RETURN x.id, y.id, shared(x, y) ORDER BY x.id, y.id',
      ),
    ).toEqual([
      [baseT + 1, baseT + 2, 1],
      [baseT + 2, baseT + 3, 1],
    ])
    expect(
      await rowsOf(
        `MATCH HYPEREDGE (x:T), (y:T) WHERE shared(x.members('callee'), y.members('caller')) >= 1 AND (x.id = ${baseT + 1} OR NOT y.event_ts < 30) RETURN x.id - ${baseT}, y.id - ${baseT} ORDER BY x.id`,
      ),
    ).toEqual([
      [1, 2],
      [2, 3],
    ])
    expect(
      await rowsOf(
        `MATCH HYPEREDGE (x:T), (y:T) WHERE abs(x.event_ts - y.event_ts) = 10 RETURN x.id - ${baseT}, y.id - ${baseT} ORDER BY x.id, y.id`,
      ),
    ).toEqual([
      [1, 2],
      [2, 1],
      [2, 3],
      [3, 2],
    ])
    expect(await rowsOf('MATCH HYPEREDGE (x:T), (y:T) RETURN count(*)')).toEqual([[12]])
  })
  test('the fewest hops, the earliest arrival, and all that is reached', async () => {
    expect(await rowsOf("MATCH PATH ('a')-[:T]->('d') RETURN node, hop")).toEqual([
      ['a', 0],
      ['d', 1],
    ])
    expect(await rowsOf("MATCH EARLIEST PATH ('a')-[:T]->('d') RETURN node, via, parent")).toEqual([
      ['a', null, null],
      ['b', baseT + 1, 'a'],
      ['c', baseT + 2, 'b'],
      ['d', baseT + 3, 'c'],
    ])
    expect(await rowsOf("MATCH EARLIEST PATH ('a')-[:T*..2]->('d') RETURN node")).toEqual([
      ['a'],
      ['d'],
    ])
    expect(
      await rowsOf(
        "MATCH PATH ('a')-[t:T*..2 {from: 'caller', to: 'callee'}]->() WHERE t.event_ts < 50 RETURN node, event_ts ORDER BY hop",
      ),
    ).toEqual([
      ['a', null],
      ['b', '1970-01-01T00:00:10.000Z'],
      ['c', '1970-01-01T00:00:20.000Z'],
    ])
    expect(await rowsOf("MATCH PATH ('d')-[:T]->('a') WHERE event_ts < 50 RETURN *")).toEqual([])
  })
})

test('rows go out as NDJSON, all of them', async () => {
  const response = await graph.send('POST', '/db/query', {
    body: JSON.stringify({ query: 'MATCH HYPEREDGE (he:E) RETURN he.id, he.members AS m' }),
    headers: { 'content-type': 'application/json', accept: 'application/x-ndjson' },
  })
  const lines = (await response.text()).trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line))[1]).toEqual({ 'he.id': base + 2, m: ['ann', 7] })
  expect(lines).toHaveLength(4)
})

test('rows go out as one Arrow stream', async () => {
  const query = (text: string) =>
    graph.send('POST', '/db/query', {
      body: JSON.stringify({ query: text }),
      headers: {
        'content-type': 'application/json',
        accept: 'application/vnd.apache.arrow.stream',
      },
    })
  const table = tableFromIPC(await (await query('MATCH HYPEREDGE (he:E) RETURN *')).arrayBuffer())
  expect(table.numRows).toBe(4)
  expect(table.getChild('event_ts')?.get(0)).toBe(Date.UTC(2023, 10, 14, 22, 13, 20))
  expect(table.getChild('members')?.get(1)?.toJSON()).toEqual(['ann', '7'])
  expect(table.getChild('b')?.toJSON()).toEqual([1.5, null, -2.5, null])
  const none = await query('MATCH HYPEREDGE (he:E) WHERE he.a > 99 RETURN he.a')
  expect(tableFromIPC(await none.arrayBuffer()).schema.names).toEqual(['he.a'])
})

test('a page is bounded', async () => {
  const { graphPageMax } = limits.parse({})
  const query = 'MATCH HYPEREDGE (he:E) RETURN he.id'
  expect((await run(query, { limit: graphPageMax })).rows).toHaveLength(4)
  await expect(run(query, { limit: graphPageMax + 1 })).rejects.toMatchObject({ code: 'too_large' })
})

test('each measure is a procedure', async () => {
  const degrees = await rowsOf(
    "CALL node_degree('E') RETURN node, degree ORDER BY degree DESC, node",
  )
  expect(degrees).toEqual([
    ['ann', 3],
    [7, 2],
    ['bob', 2],
    ['eve', 2],
  ])
  const window = "CALL pagerank('E', {from: 1700000000, to: 1700000010, damping: 0.5}) RETURN *"
  const { columns, rows } = await run(window)
  expect(columns[0]).toEqual({ name: 'node', type: 'node' })
  expect(rows.map(([node]) => node).sort()).toEqual([7, 'ann', 'bob'])
  await expect(run("CALL pagerank('E', {damping: 5})")).rejects.toMatchObject({ code: 'invalid' })
  await expect(run("CALL pagerank('Missing')")).rejects.toMatchObject({ code: 'not_found' })
  await expect(run(`CALL pagerank('${injection}')`)).rejects.toMatchObject({ code: 'invalid_name' })
})
