import type { IncomingMessage } from 'node:http'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { urlOf } from './request-target.ts'

/** Of a request for this target at this host. */
const url = (target: string, host: string | undefined = 'a:3210') =>
  urlOf({ url: target, headers: { host } } as unknown as IncomingMessage)

test.each([
  ['/v1/a?b=c', 'a:3210', 'http://a:3210/v1/a?b=c'],
  ['/a b', 'a', 'http://a/a%20b'],
  ['/x/../y/%2e%2e/z', 'a', 'http://a/z'],
  ['/?next=\\', 'a', 'http://a/?next=\\'],
  ['/a', 'A:80', 'http://a/a'],
  ['/a', '[::1]:3210', 'http://[::1]:3210/a'],
  ['http://b/c', 'a', 'http://b/c'],
])('%s at %s is %s', (target, host, expected) => {
  expect(url(target, host)).toBe(expected)
})

test.each([
  ['/a\\b', 'a'],
  ['http://b\\c', 'a'],
  ['*', 'a'],
  ['a', 'a'],
  ['ftp://b/c', 'a'],
  ['/a', ''],
  ['/a', 'b/c'],
  ['/a', 'user@b'],
  ['/a', 'b?c'],
  ['/a', 'b#c'],
  ['/a', 'bad host'],
  ['/a', 'a:99999'],
  ['http://', 'a'],
])('%s at "%s" is refused', (target, host) => {
  expect(() => url(target, host)).toThrow(expect.objectContaining({ code: 'invalid' }))
})

test('what is not parsed is what a parser would write', () => {
  const character = fc.constantFrom(...'/.?#&=%2eE-_~:;@!$\'()*+,[]{}|^"<>`aZ0')
  const host = fc.constantFrom('a', 'a.b-c_d', '127.0.0.1:3210', 'localhost:80', 'a:443', 'a:1000')
  fc.assert(
    fc.property(fc.array(character, { maxLength: 12 }), host, (characters, name) => {
      const target = `/${characters.join('')}`
      expect(url(target, name)).toBe(new URL(`http://${name}${target}`).href)
    }),
    { numRuns: 2000 },
  )
})
