import { HyperMeshError, printable } from '@hypermesh/contract'
import type { z } from 'zod'
import { readBody } from './read-body.ts'
import { toInvalid } from './to-hypermesh-error.ts'
import type { Visit } from './visit.ts'

const nestingMax = 200

export interface ReadJsonOptions {
  /** In place of JSON.parse, e.g. one that keeps 64-bit integers. */
  readonly parse?: (text: string) => unknown
}

/** Reads a JSON body within `jsonBodyBytesMax` and checks it; each fault is named by its path. */
export async function readJson<Schema extends z.ZodType>(
  c: Visit,
  schema: Schema,
  options: ReadJsonOptions = {},
): Promise<z.output<Schema>> {
  checkContentType(c.req.header('content-type'))
  const bytes = await readBody(c.req.raw, {
    bytesMax: c.var.limits.jsonBodyBytesMax,
    limit: 'json_body_bytes_max',
    ending: c.var,
  })
  const value = parseJson(decode(bytes), options.parse ?? JSON.parse)
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw toInvalid(parsed.error, 'the body')
  return parsed.data
}

function checkContentType(header: string | undefined): void {
  if (header === undefined || header === 'application/json') return
  const [type = '', ...parameters] = header.toLowerCase().split(';')
  const charset = parameters.map((text) => text.trim()).find((text) => text.startsWith('charset='))
  const isJson = /^application\/(json|[a-z0-9.-]+\+json)$/.test(type.trim())
  if (isJson && (charset === undefined || /^charset="?utf-?8"?$/.test(charset))) return
  throw new HyperMeshError(
    'unsupported_media',
    `the content type "${printable(header)}" is not served here; send application/json in UTF-8`,
  )
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch (error) {
    throw new HyperMeshError('invalid', 'the body is not valid UTF-8', { cause: error })
  }
}

function parseJson(text: string, parse: (text: string) => unknown): unknown {
  if (nestingOf(text) > nestingMax) {
    throw new HyperMeshError('invalid', `the body is nested deeper than ${nestingMax} levels`)
  }
  try {
    return parse(text)
  } catch (error) {
    const reason = error instanceof Error ? printable(error.message) : 'unreadable'
    throw new HyperMeshError('invalid', `the body is not JSON: ${reason}`, { cause: error })
  }
}

// Counted before parsing: recursion over a deep value would overflow the stack.
function nestingOf(text: string): number {
  if (!opensMoreThan(text, nestingMax)) return 0
  let depth = 0
  let deepest = 0
  let inString = false
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (inString && code === 0x5c) index++
    else if (code === 0x22) inString = !inString
    else if (inString) continue
    else if (code === 0x5b || code === 0x7b) deepest = Math.max(deepest, ++depth)
    else if (code === 0x5d || code === 0x7d) depth--
  }
  return deepest
}

/** Whether there are so many brackets at all: most bodies are large in numbers, not in depth. */
function opensMoreThan(text: string, most: number): boolean {
  let count = 0
  for (const bracket of ['[', '{']) {
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) {
      count += 1
      if (count > most) return true
    }
  }
  return false
}
