import { type RouteContract, routes } from '@hypermesh/contract'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { routesAt } from './route-match.ts'

const paths = [...new Set(Object.values<RouteContract>(routes).map(({ path }) => path))]
const words = [...new Set(paths.flatMap((path) => path.split('/')))].filter((word) => word !== '')

/** A path as one expression over what its segments mean; a slash that was encoded is no separator. */
function matches(path: string, given: string): boolean {
  const segments = path.split('/').map((part) => {
    if (part.endsWith('{.+}')) return '.+'
    return part.startsWith(':') ? '[^/]+' : part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
  })
  const meant = given.split('/').map((part) => decodeURIComponent(part).replaceAll('/', '\0'))
  return new RegExp(`^${segments.join('/')}$`, 's').test(meant.join('/'))
}

const spellings = (word: string) =>
  fc.constantFrom(
    word,
    encodeURIComponent(word),
    [...word].map((letter) => `%${(letter.codePointAt(0) ?? 0).toString(16)}`).join(''),
  )
const segment = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...words).chain(spellings) },
  { weight: 1, arbitrary: fc.constantFrom('', 'x', 'a%2Fb', 'V1', 'healthz', '%C3%BC') },
)
/** A route's own path with other words in some places, or any words. */
const given = fc.oneof(
  fc
    .constantFrom(...paths)
    .chain((path) =>
      fc.tuple(...path.split('/').map((part) => fc.oneof(segment, spellings(part)))),
    ),
  fc.array(segment, { maxLength: 9 }).map((parts) => ['', ...parts]),
)

test('each path has the routes that it would have if all were looked at, in their order', () => {
  fc.assert(
    fc.property(given, (parts) => {
      const path = parts.join('/')
      const expected = Object.entries<RouteContract>(routes).filter(([, route]) =>
        matches(route.path, path),
      )
      expect(routesAt(path).map(({ id }) => id)).toEqual(expected.map(([id]) => id))
    }),
    { numRuns: 500 },
  )
})

test.each(paths)('%s is found', (path) => {
  const own = path.replaceAll(/:\w+(\{\.\+\})?/g, 'some')
  expect(routesAt(own).map(({ route }) => route.path)).toContain(path)
})

test('a path that comes again has the same routes, however many came in between', () => {
  const path = '/v1/keys'
  const first = routesAt(path).map(({ id }) => id)
  expect(first).toEqual(['listKeys', 'createKey'])
  for (let other = 0; other < 1000; other += 1) {
    expect(routesAt(`/v1/keys/${other}`).map(({ id }) => id)).toEqual(['revokeKey'])
    expect(routesAt(path).map(({ id }) => id)).toEqual(first)
  }
})
