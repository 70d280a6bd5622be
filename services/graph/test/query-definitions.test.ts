import { afterAll, expect, test } from 'vitest'
import { openQueries } from './_queries.ts'

const { graph, run } = await openQueries()
afterAll(async () => {
  await graph[Symbol.asyncDispose]()
})

test('IF [NOT] EXISTS holds for statements at the same time: one of them changes something', async () => {
  const changed = async (query: string) => {
    const replies = await Promise.all(Array.from({ length: 4 }, () => run(query)))
    return replies.map(({ rows }) => rows[0]?.[1]).sort()
  }
  expect(await changed('CREATE HYPEREDGE TABLE IF NOT EXISTS Once (A)')).toEqual([
    ...[false, false, false, true],
  ])
  expect(await graph.call('GET', '/db/tables/Once')).toMatchObject({ members: ['A'] })
  expect(await changed('DROP HYPEREDGE TABLE IF EXISTS Once')).toEqual([false, false, false, true])
  await expect(graph.call('GET', '/db/tables/Once')).rejects.toMatchObject({ code: 'not_found' })
})

test('BUCKET_SECONDS are no more than EXPLAIN can count by', async () => {
  const tooMany = { code: 'invalid', message: expect.stringContaining('BUCKET_SECONDS') }
  for (const seconds of [31_622_400_001, Number.MAX_SAFE_INTEGER]) {
    await expect(
      run(`CREATE HYPEREDGE TABLE B () BUCKET_SECONDS ${seconds}`),
    ).rejects.toMatchObject(tooMany)
    await expect(graph.call('GET', '/db/tables/B')).rejects.toMatchObject({ code: 'not_found' })
    await expect(
      run(`ALTER HYPEREDGE TABLE E SET BUCKET_SECONDS ${seconds}`),
    ).rejects.toMatchObject(tooMany)
  }
  await run('ALTER HYPEREDGE TABLE E SET BUCKET_SECONDS 31622400000')
  const { rows } = await run('EXPLAIN MATCH HYPEREDGE (he:E) RETURN *')
  expect(rows[0]?.slice(1, 3)).toEqual([1, 1])
})
