import type { ByteRange } from '@hypermesh/object-store'

/**
 * The one range that a Range header asks for. As RFC 9110 says, a header that cannot be read, is of
 * another unit or asks for several parts is ignored: then the whole is sent.
 */
export function parseRangeHeader(header: string | undefined): ByteRange | undefined {
  const match = /^bytes=[ \t]*(\d{0,15})-(\d{0,15})[ \t]*$/i.exec(header ?? '')
  if (match === null) return undefined
  const [, first = '', last = ''] = match
  if (first === '') return last === '' ? undefined : { suffix: Number(last) }
  const start = Number(first)
  if (last === '') return { start }
  return Number(last) < start ? undefined : { start, end: Number(last) + 1 }
}
