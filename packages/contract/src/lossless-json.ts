/**
 * JSON whose 64-bit integers stay exact. Iceberg metadata holds snapshot ids above 2^53, which
 * `JSON.parse` rounds; here such an integer becomes a bigint and goes out again as its digits.
 */

/** Parses JSON; an integer that a number cannot hold exactly becomes a bigint. */
export function parseJson(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text)
  const mark = `${crypto.randomUUID()}:`
  const marked = markLongs(text, mark)
  if (marked === undefined) return JSON.parse(text)
  return JSON.parse(marked, (_, value: unknown) =>
    typeof value === 'string' && value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value,
  )
}

/** Writes JSON; a bigint becomes an integer. */
export function stringifyJson(value: unknown): string {
  let mark: string | undefined
  const text = JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner !== 'bigint') return inner
    mark ??= `${crypto.randomUUID()}:`
    return `${mark}${inner}`
  })
  return mark === undefined ? text : text.replace(new RegExp(`"${mark}(-?\\d+)"`, 'g'), '$1')
}

/** Replaces unsafe integers outside of strings by marked strings; undefined when there are none. */
function markLongs(text: string, mark: string): string | undefined {
  const parts: string[] = []
  let found = false
  let position = 0
  while (position < text.length) {
    const open = text.indexOf('"', position)
    const outside = text.slice(position, open === -1 ? text.length : open)
    const replaced = /\d{16}/.test(outside) ? markNumbers(outside, mark) : outside
    found ||= replaced !== outside
    parts.push(replaced)
    if (open === -1) break
    position = stringEnd(text, open)
    parts.push(text.slice(open, position))
  }
  return found ? parts.join('') : undefined
}

function markNumbers(text: string, mark: string): string {
  return text.replace(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) =>
    token.length < 16 || /[.eE]/.test(token) || Number.isSafeInteger(Number(token))
      ? token
      : `"${mark}${token}"`,
  )
}

/** The index after the closing quote of the string that opens at `open`. */
function stringEnd(text: string, open: number): number {
  let close = text.indexOf('"', open + 1)
  while (close !== -1 && isEscaped(text, close)) close = text.indexOf('"', close + 1)
  return close === -1 ? text.length : close + 1
}

function isEscaped(text: string, index: number): boolean {
  let slashes = 0
  while (text[index - 1 - slashes] === '\\') slashes += 1
  return slashes % 2 === 1
}
