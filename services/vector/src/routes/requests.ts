import { HyperMeshError, printable } from '@hypermesh/contract'
import { readBody, type Visit, wholeResponse } from '@hypermesh/kit'
import { type Wanted, withVectors } from '../hit-text.ts'
import type { IndexState } from '../index-state.ts'

export function nameOf(c: Visit): string {
  return c.req.param('index') ?? ''
}

/** The body is numbers as bytes, not JSON. */
export function hasBytes(c: Visit): boolean {
  return mediaType(c.req.header('content-type')) === 'application/octet-stream'
}

/** The answer is asked for as bytes. */
export function wantsBytes(c: Visit): boolean {
  return mediaType(c.req.header('accept')) === 'application/octet-stream'
}

export function readBytes(c: Visit): Promise<Uint8Array> {
  return readBody(c.req.raw, {
    bytesMax: c.var.limits.vectorBodyBytesMax,
    limit: 'vector_body_bytes_max',
    signal: c.var.signal,
  })
}

/** JSON that was written as text already, but for the vectors of points of this state. */
export async function jsonText(c: Visit, state: IndexState, text: string): Promise<Response> {
  const whole = await withVectors(state, text, c.var)
  return wholeResponse(whole, { status: 200, headers: { 'content-type': 'application/json' } })
}

export function wantedOf(given: {
  readonly withVector?: boolean | undefined
  readonly withMetadata?: boolean | undefined
}): Wanted {
  return { withVector: given.withVector ?? false, withMetadata: given.withMetadata ?? true }
}

/** The filter of a query string. */
export function parseFilterText(text: string | undefined): Record<string, unknown> | undefined {
  if (text === undefined) return undefined
  try {
    const filter: unknown = JSON.parse(text)
    if (typeof filter === 'object' && filter !== null && !Array.isArray(filter)) {
      return filter as Record<string, unknown>
    }
  } catch {
    // Told below.
  }
  throw new HyperMeshError('invalid', `the filter "${printable(text)}" is no JSON object`)
}

function mediaType(header: string | undefined): string | undefined {
  return header?.split(';')[0]?.trim().toLowerCase()
}
