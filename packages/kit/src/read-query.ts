import { HyperMeshError, printable } from '@hypermesh/contract'
import type { Context } from 'hono'
import type { z } from 'zod'
import type { AppEnv } from './create-app.ts'
import { toInvalid } from './to-hypermesh-error.ts'

/** Reads the query string and checks it; a parameter given twice is an error. */
export function readQuery<Schema extends z.ZodType>(
  c: Context<AppEnv>,
  schema: Schema,
): z.output<Schema> {
  const parsed = schema.safeParse(Object.fromEntries(parseQuery(new URL(c.req.url).search)))
  if (!parsed.success) throw toInvalid(parsed.error, 'the query')
  return parsed.data
}

function parseQuery(search: string): Map<string, string> {
  const values = new Map<string, string>()
  for (const part of search.slice(1).split('&')) {
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
