import type { IncomingMessage } from 'node:http'
import { HyperMeshError } from '@hypermesh/contract'

// What a URL parser would leave as it is; most requests are so, and parsing takes longer than all of this.
const plainTarget = /^\/[!#$&(-;=?-[\]_a-z~]*$/
const dotSegment = /\/\.\.?(?:[/?#]|$)/
// Ports of the schemes themselves are left out by a parser.
const plainHost = /^[a-z0-9._-]+(?::(?:[1-5]\d{3,4}|[6-9]\d{3}))?$/

/** The URL that was asked for, as a parser writes it out. Throws `invalid` for what is none. */
export function urlOf(incoming: IncomingMessage): string {
  const target = incoming.url ?? ''
  if (!target.startsWith('/')) return absoluteUrl(target)
  const { host } = incoming.headers
  if (host === undefined || host === '') throw unreadable('it names no host')
  const text = `http://${host}${target}`
  if (plainHost.test(host) && plainTarget.test(target) && !dotSegment.test(target)) return text
  assertNoBackslash(target)
  const url = parse(text)
  // A host with a path, a user or a query in it would be another URL than it looks.
  const name = host.includes(':') ? host.replace(/:\d+$/, '') : host
  if (url.hostname.length !== host.length && url.hostname !== name.toLowerCase()) {
    throw unreadable('its host is no host')
  }
  return url.href
}

function absoluteUrl(target: string): string {
  assertNoBackslash(target)
  if (/^https?:\/\//.test(target)) return parse(target).href
  throw unreadable('its target is no path')
}

// A parser takes it for a slash, other readers of the path do not.
function assertNoBackslash(target: string): void {
  const [path = ''] = target.split('?', 1)
  if (path.includes('\\')) throw unreadable('there is a backslash in its path')
}

function parse(text: string): URL {
  try {
    return new URL(text)
  } catch (error) {
    throw unreadable('its target is no URL', error)
  }
}

function unreadable(reason: string, cause?: unknown): HyperMeshError {
  return new HyperMeshError('invalid', `the request cannot be read: ${reason}`, { cause })
}
