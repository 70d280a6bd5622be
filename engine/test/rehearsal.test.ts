import { expect, test } from 'vitest'
import { rehearse } from '../lib/rehearsal.ts'

test('the rehearsed find reads the hyperedge that stands in, so nothing of it is left out', () => {
  expect(rehearse()).toEqual([{ id: 1, at: 0, weight: 0, label: null, members: [0] }])
})
