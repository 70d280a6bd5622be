import { expect, test } from 'vitest'
import { plainForm } from './word-forms.ts'

const known = new Set([
  'overheat',
  'box',
  'city',
  'stop',
  'bake',
  'big',
  'happy',
  'wolf',
  'fireman',
  'king',
  'quick',
])

test.each([
  ['overheats', 'overheat'],
  ['overheating', 'overheat'],
  ['boxes', 'box'],
  ['cities', 'city'],
  ['stopped', 'stop'],
  ['stopping', 'stop'],
  ['baked', 'bake'],
  ['baking', 'bake'],
  ['bigger', 'big'],
  ['happiest', 'happy'],
  ['happily', 'happy'],
  ['wolves', 'wolf'],
  ['firemen', 'fireman'],
  ['kings', 'king'],
  ['quickness', 'quick'],
  ['bus', undefined],
  ['ing', undefined],
  ['xyzzies', undefined],
])('%s → %s', (word, form) => {
  expect(plainForm(word, (candidate) => known.has(candidate))).toBe(form)
})
