import { type RouteContract, type RouteId, routes } from '@hypermesh/contract'

export interface MatchedRoute {
  readonly id: RouteId
  readonly route: RouteContract
}

interface CompiledRoute extends MatchedRoute {
  readonly segments: readonly string[]
  /** Its last part is the rest of a path, however long. */
  readonly takesRest: boolean
}

const compiled: readonly CompiledRoute[] = Object.entries<RouteContract>(routes).map(
  // The entries of `routes` are its ids.
  ([id, route]) => ({
    id: id as RouteId,
    route,
    segments: route.path.split('/'),
    takesRest: route.path.endsWith('{.+}'),
  }),
)

/** Where most of them differ: behind /v1 or /iceberg. */
const tellingSegment = 2
const byTelling = new Map<string, readonly CompiledRoute[]>(
  compiled.map(({ segments }) => {
    const telling = segments[tellingSegment] ?? ''
    return [telling, compiled.filter((route) => mayMatch(route, telling))]
  }),
)
const otherRoutes = compiled.filter((route) => mayMatch(route, undefined))

/** Every route of the contract at this path, whatever its method, in the contract's order. */
export function routesAt(path: string): readonly MatchedRoute[] {
  const known = lately.get(path)
  if (known !== undefined) return known
  const found = findRoutes(path)
  if (lately.size >= latelyMax) lately.clear()
  if (path.length <= latelyCharactersMax) lately.set(path, found)
  return found
}

/** Paths that were asked for lately: a program asks for few, over and over. */
const lately = new Map<string, readonly MatchedRoute[]>()
const latelyMax = 256
const latelyCharactersMax = 256

function findRoutes(path: string): readonly MatchedRoute[] {
  const segments = path.split('/')
  const routesThere = byTelling.get(decoded(segments[tellingSegment] ?? '')) ?? otherRoutes
  return routesThere.filter((candidate) => matches(candidate, segments))
}

function mayMatch({ segments, takesRest }: CompiledRoute, given: string | undefined): boolean {
  const own = segments[tellingSegment]
  if (own?.startsWith(':')) return true
  // One that ends before it may end in a part that takes the rest.
  return own === undefined ? given === undefined || given === '' || takesRest : own === given
}

/** The one for the method; HEAD falls back to GET. */
export function routeFor(
  method: string,
  candidates: readonly MatchedRoute[],
): MatchedRoute | undefined {
  const exact = candidates.find(({ route }) => route.method === method)
  if (exact || method !== 'HEAD') return exact
  return candidates.find(({ route }) => route.method === 'GET')
}

export function methodsOf(candidates: readonly MatchedRoute[]): string[] {
  const methods = new Set<string>(candidates.map(({ route }) => route.method))
  if (methods.has('GET')) methods.add('HEAD')
  return [...methods].sort()
}

// As the services' router does: `:name` is one segment, `:name{.+}` the rest, the others are
// compared decoded. Encoded slashes do not separate.
function matches(
  { segments: pattern, takesRest }: CompiledRoute,
  path: readonly string[],
): boolean {
  if (!takesRest && pattern.length !== path.length) return false
  for (let index = 0; index < pattern.length; index += 1) {
    // Within its length.
    const part = pattern[index] as string
    const given = path[index]
    if (given === undefined) return false
    if (takesRest && index === pattern.length - 1) return path.slice(index).join('/') !== ''
    if (part.startsWith(':')) {
      if (given === '') return false
    } else if (given !== part && decoded(given) !== part) return false
  }
  return true
}

function decoded(segment: string): string {
  if (!segment.includes('%')) return segment
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
