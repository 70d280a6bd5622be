import { HyperMeshError, printable } from '@hypermesh/contract'
import type { z } from 'zod'
import { toInvalid } from './to-hypermesh-error.ts'
import type { Visit } from './visit.ts'

/** Reads the query string and checks it; a parameter given twice is an error. */
export function readQuery<Schema extends z.ZodType>(c: Visit, schema: Schema): z.output<Schema> {
  const parsed = schema.safeParse(Object.fromEntries(parseQuery(queryOf(c.req.url))))
  if (!parsed.success) throw toInvalid(parsed.error, 'the query')
  return parsed.data
}

/** Of a URL that was parsed and written out before, as that of a request is: without parsing it again. */
function queryOf(url: string): string {
  const from = url.indexOf('?')
  const end = url.indexOf('#')
  if (from < 0 || (end >= 0 && end < from)) return ''
  return url.slice(from + 1, end < 0 ? undefined : end)
}

function parseQuery(query: string): Map<string, string> {
  const values = new Map<string, string>()
  for (const part of query.split('&')) {
    if (part === '') continue
    const at = part.indexOf('=')
    const name = decode(at === -1 ? part : part.slice(0, at))
    if (values.has(name)) {
      throw new HyperMeshError('invalid', `the query names "${printable(name)}" twice`)
    }
    values.set(name, at === -1 ? '' : decode(part.slice(at + 1)))
  }
  return values
}

function decode(text: string): string {
  if (!/[%+]/.test(text)) return text
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch (error) {
    throw new HyperMeshError(
      'invalid',
      `the query holds "${printable(text)}", no UTF-8 in percent form`,
      {
        cause: error,
      },
    )
  }
}
