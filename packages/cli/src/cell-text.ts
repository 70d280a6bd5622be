import type { SqlColumn } from '@hypermesh/contract'
import stringWidth from 'string-width'

const numberTypes =
  /^(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|UTINYINT|USMALLINT|UINTEGER|UBIGINT|UHUGEINT|BIGNUM|FLOAT|DOUBLE|DECIMAL\(.*\)|INTERVAL)$/
const timeTypes = /^TIMESTAMP/
const floatTypes = /^(FLOAT|DOUBLE)$/

/** Whether the column's values are read by their last digit. */
export function isRightAligned(column: SqlColumn): boolean {
  return numberTypes.test(column.type)
}

/** A value in wire form as one line of a table; null is left to the table. */
export function cellText(value: unknown, column: SqlColumn): string {
  if (typeof value === 'string') {
    return oneLine(timeTypes.test(column.type) ? value.replace('T', ' ') : value)
  }
  if (typeof value === 'number' && floatTypes.test(column.type) && Number.isSafeInteger(value)) {
    return `${value}.0`
  }
  return oneLine(typeof value === 'object' ? JSON.stringify(value) : String(value))
}

const escapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** Text without anything that would move the cursor. */
export function oneLine(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu,
    (found) => escapes[found] ?? `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`,
  )
}

/** How many columns of a terminal the text takes. */
export function textWidth(text: string): number {
  return /^[\x20-\x7e]*$/.test(text) ? text.length : stringWidth(text)
}

/** The text in at most `width` columns, cut with an ellipsis. */
export function cutText(text: string, width: number): string {
  if (textWidth(text) <= width) return text
  let used = 0
  let kept = ''
  for (const { segment } of graphemes.segment(text)) {
    used += textWidth(segment)
    if (used > width - 1) break
    kept += segment
  }
  return `${kept}…`
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** The text in exactly `width` columns. */
export function padText(text: string, width: number, right: boolean): string {
  const cut = cutText(text, width)
  const space = ' '.repeat(Math.max(0, width - textWidth(cut)))
  return right ? space + cut : cut + space
}
