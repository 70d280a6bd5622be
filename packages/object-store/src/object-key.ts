import { HyperMeshError, printable } from '@hypermesh/contract'

/** What a file name can hold on every file system that Linux mounts by default. */
const segmentBytesMax = 255

const bytesOf = (text: string) => Buffer.byteLength(text, 'utf8')

/**
 * Returns the key if it can name an object: segments of 1 to 255 bytes of UTF-8 between single
 * slashes, none of them `.` or `..`, no backslash, no control character. Throws `invalid_name`.
 */
export function parseObjectKey(text: string, bytesMax: number): string {
  const fault = faultOf(text, bytesMax)
  if (fault === undefined) return text
  throw new HyperMeshError('invalid_name', `"${printable(text)}" cannot be an object key: ${fault}`)
}

/**
 * Returns the prefix if keys may start with it. Its last segment may be the start of a name, so it
 * may be empty, `.` or `..` there. Throws `invalid_name`.
 */
export function parseKeyPrefix(text: string, bytesMax: number): string {
  if (text === '') return text
  const fault = faultOf(`${text}x`, bytesMax + 1)
  if (fault === undefined) return text
  throw new HyperMeshError('invalid_name', `"${printable(text)}" cannot start a key: ${fault}`)
}

export function isKeySegment(text: string): boolean {
  return segmentFault(text) === undefined
}

function faultOf(text: string, bytesMax: number): string | undefined {
  if (text === '') return 'it is empty'
  // A character is at least one byte, so a long text is refused before it is walked.
  if (text.length > bytesMax || bytesOf(text) > bytesMax) return `it is over ${bytesMax} bytes`
  for (const segment of text.split('/')) {
    const fault = segmentFault(segment)
    if (fault !== undefined) return fault
  }
  return undefined
}

function segmentFault(segment: string): string | undefined {
  if (segment === '') return 'a segment is empty; no slash first, last or twice'
  if (segment === '.' || segment === '..') return 'a segment is . or ..'
  if (/[\p{Cc}\p{Cs}\\]/u.test(segment)) {
    return 'it has a backslash, a control character or half of a surrogate pair'
  }
  if (bytesOf(segment) > segmentBytesMax) return `a segment is over ${segmentBytesMax} bytes`
  return undefined
}
