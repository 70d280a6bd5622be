import { join } from 'node:path'
import { expect, test } from 'vitest'
import { rehearse } from '../lib/rehearsal.ts'
import { runChild, temporaryDirectory } from './_database.ts'

test('the rehearsed find reads the hyperedge that stands in, so nothing of it is left out', () => {
  const [batch] = rehearse()
  expect(batch.rows()).toEqual([{ id: 1, at: 0, weight: 0, label: null, members: [0] }])
})

test('what reads were compiled to outlives a collection of garbage while no result is held', async () => {
  const flags = ['--expose-gc', '--trace-deopt']
  const path = join(await temporaryDirectory(), 'graph.db')
  const { code, output } = await runChild('_collect-between.ts', [path], flags)
  expect(code, output).toBe(0)
  const forgotten = output.split('\n').filter((line) => line.includes('weak objects'))
  expect(forgotten.some((line) => line.includes('makeForgotten'))).toBe(true)
  const ours = /\b(findSync|runSync|querySync|ColumnBatch|ResultBuffer|placeOf|described)\b/
  expect(forgotten.filter((line) => ours.test(line))).toEqual([])
})
