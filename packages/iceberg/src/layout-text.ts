import { HyperMeshError, printable } from '@hypermesh/contract'

/** A column under a transform, as a person writes it: `day(ts)`, `bucket(16, id)`, `"Order id"`. */
export interface TransformedColumn {
  readonly column: string
  readonly transform: string
}

export interface SortedColumn extends TransformedColumn {
  readonly direction: 'asc' | 'desc'
  readonly nullOrder: 'nulls-first' | 'nulls-last'
}

/** Reads `region, day(ts), bucket(16, id)`; the words of Spark and of Trino are both taken. */
export function parsePartitionBy(text: string): TransformedColumn[] {
  return splitList(text).map((item) => parseTerm(item))
}

/** Reads `ts desc, name asc nulls last, bucket(16, id)`. Nulls are first where it ascends. */
export function parseSortBy(text: string): SortedColumn[] {
  return splitList(text).map((item) => {
    const nulls = /^(.*?)\s+nulls\s+(first|last)$/is.exec(item)
    const before = nulls?.[1] ?? item
    const ordered = /^(.*?)\s+(asc|desc)$/is.exec(before)
    const direction = ordered?.[2]?.toLowerCase() === 'desc' ? 'desc' : 'asc'
    const place = nulls?.[2]?.toLowerCase() ?? (direction === 'asc' ? 'first' : 'last')
    const nullOrder = place === 'first' ? 'nulls-first' : 'nulls-last'
    return { ...parseTerm(ordered?.[1] ?? before), direction, nullOrder }
  })
}

const transforms: Readonly<Record<string, string>> = {
  identity: 'identity',
  year: 'year',
  years: 'year',
  month: 'month',
  months: 'month',
  day: 'day',
  days: 'day',
  date: 'day',
  hour: 'hour',
  hours: 'hour',
  date_hour: 'hour',
  bucket: 'bucket',
  truncate: 'truncate',
}

function parseTerm(text: string): TransformedColumn {
  const call = /^(\w+)\s*(?:\[\s*(\d{1,10})\s*\])?\s*\(([\s\S]*)\)$/.exec(text.trim())
  if (call === null) return { column: unquote(text), transform: 'identity' }
  const name = (call[1] ?? '').toLowerCase()
  const transform = Object.hasOwn(transforms, name) ? transforms[name] : undefined
  if (transform === undefined) {
    throw new HyperMeshError(
      'invalid',
      `"${printable(name)}" is no transform; there are identity, year, month, day, hour, bucket, truncate`,
    )
  }
  const given = splitList(call[3] ?? '')
  if (transform !== 'bucket' && transform !== 'truncate') {
    if (given.length !== 1 || call[2] !== undefined) throw malformed(text)
    return { column: unquote(given[0] ?? ''), transform }
  }
  const isNumber = (item: string) => /^\d{1,10}$/.test(item)
  const widths = [...(call[2] === undefined ? [] : [call[2]]), ...given.filter(isNumber)]
  const columns = given.filter((item) => !isNumber(item))
  if (widths.length !== 1 || columns.length !== 1) throw malformed(text)
  return { column: unquote(columns[0] ?? ''), transform: `${transform}[${Number(widths[0])}]` }
}

/** Splits at commas that stand neither in quotes nor in brackets. */
function splitList(text: string): string[] {
  const items: string[] = []
  let item = ''
  let depth = 0
  let quoted = false
  for (const letter of text) {
    if (letter === '"') quoted = !quoted
    else if (!quoted && letter === '(') depth += 1
    else if (!quoted && letter === ')') depth -= 1
    if (letter === ',' && depth === 0 && !quoted) {
      items.push(item.trim())
      item = ''
    } else item += letter
  }
  items.push(item.trim())
  if (quoted || depth !== 0 || items.some((each) => each === '')) throw malformed(text)
  return items
}

function unquote(text: string): string {
  const name = text.trim()
  const quoted = /^"((?:[^"]|"")*)"$/s.exec(name)?.[1]
  if (quoted !== undefined) return quoted.replaceAll('""', '"')
  if (name !== '' && !/["()]/.test(name)) return name
  throw malformed(text)
}

function malformed(text: string): HyperMeshError {
  return new HyperMeshError(
    'invalid',
    `"${printable(text)}" is not understood; write columns as name, "Any name", day(ts) or bucket(16, id)`,
  )
}
