import { expect, test } from 'vitest'
import { openGraph } from './_graph.ts'

test('names that are no identifiers, or are the service’s own, are refused at every door', async () => {
  await using graph = await openGraph()
  await graph.call('PUT', '/d')
  await graph.call('POST', '/d/tables', { table: 'E' })
  const names = ['E; DELETE FROM api_keys; --', '../../etc', '1a', 'a b', 'a"b', '', 'x'.repeat(65)]
  const rows = { hyperedges: [{ at: 0, members: ['a'] }] }
  for (const name of [...names, 'hm_tables', 'HM_x']) {
    const part = encodeURIComponent(name)
    const table = { code: name === '' ? 'not_found' : 'invalid_name' }
    await expect(graph.call('POST', '/d/tables', { table: name })).rejects.toMatchObject({
      code: 'invalid_name',
    })
    await expect(graph.call('GET', `/d/tables/${part}`)).rejects.toMatchObject(table)
    await expect(graph.call('DELETE', `/d/tables/${part}`)).rejects.toMatchObject(table)
    const hyperedges = `/d/tables/${part}/hyperedges`
    await expect(graph.call('POST', hyperedges, rows)).rejects.toMatchObject(table)
    await expect(graph.call('GET', hyperedges)).rejects.toMatchObject(table)
    if (name.startsWith('h') || name.startsWith('H')) continue
    await expect(graph.call('PUT', `/${part}`)).rejects.toMatchObject(table)
    await expect(graph.call('DELETE', `/${part}`)).rejects.toMatchObject(table)
  }
  expect(await graph.call('GET', '')).toMatchObject({ databases: [{ database: 'd', tables: 1 }] })
})
