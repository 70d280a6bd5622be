import {
  HyperMeshError,
  printable,
  type ResultFormat,
  resultFormats,
  resultMediaTypes,
} from '@hypermesh/contract'

/** The format that the client wants most (RFC 9110, section 12.5.1); JSON where it does not say. */
export function acceptedFormat<Format extends ResultFormat = ResultFormat>(
  header: string | undefined,
  // All of them, where a caller names none.
  formats: readonly Format[] = resultFormats as readonly ResultFormat[] as readonly Format[],
): Format | 'json' {
  if (header === undefined || header.trim() === '') return 'json'
  // As most say that want what is usual.
  if (header === resultMediaTypes.json && formats.some((format) => format === 'json')) return 'json'
  const ranges = header.split(',').map(parseRange)
  const rated = formats.map((format) => ({ format, quality: qualityOf(format, ranges) }))
  const best = rated.reduce((left, right) => (right.quality > left.quality ? right : left))
  if (best.quality > 0) return best.format
  const served = formats.map((format) => resultMediaTypes[format]).join(', ')
  throw new HyperMeshError(
    'unsupported_media',
    `"${printable(header)}" is not among what is served: ${served}`,
  )
}

interface Range {
  readonly type: string
  readonly quality: number
}

function parseRange(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase())
  const weight = parameters.find((part) => part.startsWith('q='))?.slice(2)
  const quality = weight === undefined ? 1 : Number(weight)
  return { type, quality: quality >= 0 && quality <= 1 ? quality : 0 }
}

/** The most specific range that fits decides. */
function qualityOf(format: ResultFormat, ranges: readonly Range[]): number {
  const type = resultMediaTypes[format]
  const patterns = [type, `${type.split('/')[0]}/*`, '*/*']
  for (const pattern of patterns) {
    const range = ranges.find((candidate) => candidate.type === pattern)
    if (range !== undefined) return range.quality
  }
  return 0
}
