import type { IncomingMessage } from 'node:http'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { headersOf } from './incoming-headers.ts'

const names = [
  'Authorization',
  'authorization',
  'Cookie',
  'x-a',
  'X-A',
  'Host',
  '__proto__',
  'Set-Cookie',
]
const pairs = fc.array(fc.tuple(fc.constantFrom(...names), fc.constantFrom('', 'a', 'b c', 'é')))

test('headers are those of the web, whether they are looked up or all asked for', () => {
  fc.assert(
    fc.property(pairs, (given) => {
      const incoming = { rawHeaders: given.flat() } as unknown as IncomingMessage
      const expected = new Headers()
      for (const [name, value] of given) expected.append(name, value)
      const own = headersOf(incoming)
      const values = (headers: Headers) =>
        [...names, 'constructor'].map((name) => [headers.get(name), headers.has(name)])
      expect(values(own)).toEqual(values(expected))
      expect([...own]).toEqual([...expected])
      for (const headers of [own, expected]) headers.delete('x-a')
      for (const headers of [own, expected]) headers.append('host', 'more')
      expect(values(own)).toEqual(values(expected))
      expect([...new Headers(own)]).toEqual([...new Headers([...expected])])
      expect(own instanceof Headers).toBe(true)
    }),
  )
})
