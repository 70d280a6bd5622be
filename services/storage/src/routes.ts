import { HyperMeshError, type ObjectHead, objectListQuery, printable } from '@hypermesh/contract'
import {
  type App,
  mountRoute,
  readQuery,
  renderError,
  streamBody,
  type Visit,
} from '@hypermesh/kit'
import type { ByteRange, ObjectStore } from '@hypermesh/object-store'
import { formatEntityTag, namesEntityTag, parseWriteConditions } from './entity-tag.ts'
import { parseRangeHeader } from './range-header.ts'

export function mountObjects(app: App, store: ObjectStore): void {
  mountRoute(app, 'listObjects', async (c) => {
    const { prefix, after, limit = c.var.limits.objectListMax } = readQuery(c, objectListQuery)
    if (limit > c.var.limits.objectListMax) {
      throw new HyperMeshError('invalid', `limit is at most ${c.var.limits.objectListMax}`)
    }
    return c.json(await store.list({ prefix, after, limit }))
  })
  mountRoute(app, 'headObject', async (c) => {
    const head = await store.head(keyOf(c))
    if (head === undefined) throw notFound(keyOf(c))
    requireMatch(c, head)
    if (isKnown(c, head)) return c.body(null, 304, headersOf(head))
    return c.body(null, 200, { ...headersOf(head), 'content-length': String(head.bytes) })
  })
  mountRoute(app, 'getObject', (c) =>
    sendObject(c, store).catch((error: unknown) => toUnsatisfied(c, error)),
  )
  mountRoute(app, 'putObject', async (c) => {
    const ifNoneMatch = parseWriteConditions(
      c.req.header('if-none-match'),
      c.req.header('if-match'),
    )
    const { objectBytesMax } = c.var.limits
    const { signal } = c.var
    const limits = { bytesMax: objectBytesMax, limit: 'object_bytes_max', signal }
    const body = streamBody(c.req.raw, limits)
    const head = await store
      .put(keyOf(c), body, { signal, ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }) })
      .catch((error: unknown) => {
        throw toPrecondition(error)
      })
    return c.json(head, 201, { etag: formatEntityTag(head.etag) })
  })
  mountRoute(app, 'deleteObject', async (c) => {
    parseWriteConditions(c.req.header('if-none-match'), c.req.header('if-match'))
    if (!(await store.delete(keyOf(c)))) throw notFound(keyOf(c))
    return c.body(null, 204)
  })
}

async function sendObject(c: Visit, store: ObjectStore): Promise<Response> {
  const key = keyOf(c)
  const known = await store.head(key)
  if (known === undefined) throw notFound(key)
  requireMatch(c, known)
  if (isKnown(c, known)) return c.body(null, 304, headersOf(known))
  const range = rangeOf(c, known)
  const { signal } = c.var
  const object = await store.get(key, { signal, ...(range === undefined ? {} : { range }) })
  const { head, start, end, body } = object
  if (head.etag !== known.etag) {
    // Replaced in between: the conditions were judged by another version.
    await object[Symbol.asyncDispose]()
    return sendObject(c, store)
  }
  const partial = { 'content-range': `bytes ${start}-${end - 1}/${head.bytes}` }
  return new Response(ReadableStream.from(body), {
    status: range === undefined ? 200 : 206,
    headers: {
      ...headersOf(head),
      'content-length': String(end - start),
      ...(range === undefined ? {} : partial),
    },
  })
}

function keyOf(c: Visit): string {
  return c.req.param('key') ?? ''
}

function headersOf(head: ObjectHead): Record<string, string> {
  return {
    etag: formatEntityTag(head.etag),
    'accept-ranges': 'bytes',
    'content-type': 'application/octet-stream',
    // Whatever the bytes look like, no browser shall run them as ours.
    'x-content-type-options': 'nosniff',
    'last-modified': new Date(head.modifiedAt).toUTCString(),
  }
}

function isKnown(c: Visit, head: ObjectHead): boolean {
  const header = c.req.header('if-none-match')
  return header !== undefined && namesEntityTag(header, head.etag)
}

function requireMatch(c: Visit, head: ObjectHead): void {
  const header = c.req.header('if-match')
  if (header === undefined || namesEntityTag(header, head.etag)) return
  throw new HyperMeshError('precondition', 'the object is not one that If-Match names')
}

function rangeOf(c: Visit, head: ObjectHead): ByteRange | undefined {
  const sameAs = c.req.header('if-range')
  if (sameAs !== undefined && sameAs !== formatEntityTag(head.etag)) return undefined
  return parseRangeHeader(c.req.header('range'))
}

function notFound(key: string): HyperMeshError {
  return new HyperMeshError('not_found', `no object "${printable(key)}"`)
}

/** In HTTP a create that lost is a failed precondition, and no conflict of state. */
function toPrecondition(error: unknown): unknown {
  if (!(error instanceof HyperMeshError) || error.code !== 'exists') return error
  return new HyperMeshError('precondition', error.message, { cause: error })
}

function toUnsatisfied(c: Visit, error: unknown): Response {
  if (!(error instanceof HyperMeshError) || error.code !== 'range') throw error
  const response = renderError(error, c.var.requestId)
  response.headers.set('content-range', `bytes */${error.details?.bytes}`)
  return response
}
