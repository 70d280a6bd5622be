import { expect, test } from 'vitest'
import { tokenize } from './tokenizer.ts'

test.each([
  ['The quick, brown FOX!', ['the', 'quick', 'brown', 'fox']],
  ["The dog's bone; don't.", ['the', 'dog', 'bone', 'dont']],
  ['Crème brûlée, naïve Ångström', ['creme', 'brulee', 'naive', 'angstrom']],
  ['ﬁle № 12, 3.5 km', ['file', 'no', '12', '3', '5', 'km']],
  ['e-mail foo_bar x86_64', ['e', 'mail', 'foo', 'bar', 'x86', '64']],
  ['ЁЛКА straße', ['елка', 'straße']],
  ['हिन्दी', ['हिन्दी']],
  ['東京タワーは高い', ['東京タワー', 'は', '高い']],
  ['… — !?', []],
  ['', []],
])('%s', (text, words) => {
  expect(tokenize(text)).toEqual(words)
})

test('a word longer than any is cut, so that a digest costs little', () => {
  expect(tokenize('x'.repeat(10_000))).toEqual(['x'.repeat(64)])
})
