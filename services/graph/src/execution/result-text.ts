import { microsToText } from '@hypermesh/engine'
import { toJsonText } from '../json-nodes.ts'
import { tooLarge } from './query-error.ts'
import type { QueryFigures, ResultColumn, Row } from './query-result.ts'
import type { Value, ValueType } from './value-type.ts'

/** A value of a result as JSON text. */
export function valueText(value: Value, type: ValueType): string {
  if (typeof value === 'bigint' && type === 'timestamp') return `"${microsToText(value)}"`
  if (Array.isArray(value)) return `[${value.map((one) => valueText(one, 'list')).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).map(
      ([name, one]) => `${JSON.stringify(name)}:${valueText(one, 'list')}`,
    )
    return `{${fields.join(',')}}`
  }
  // A sum can go beyond what a float holds.
  if (typeof value === 'number' && !Number.isFinite(value)) return 'null'
  return toJsonText(value)
}

/** One object a line. */
export function ndjsonText(columns: readonly ResultColumn[], rows: readonly Row[]): string {
  const names = columns.map(({ name }) => `${JSON.stringify(name)}:`)
  let text = ''
  for (const row of rows) {
    const fields = columns.map(
      ({ type }, place) => `${names[place]}${valueText(row[place] ?? null, type)}`,
    )
    text += `{${fields.join(',')}}\n`
  }
  return text
}

export interface ReplyFacts {
  readonly queryId: string
  readonly elapsedMs: number
  readonly figures: QueryFigures
  readonly receiptText: string | null
  readonly bytesMax: number
}

/** Throws `too_large` before a text is made that is longer than a reply may be. */
function rowTexts(
  columns: readonly ResultColumn[],
  rows: readonly Row[],
  bytesMax: number,
): string[] {
  let bytes = 0
  return rows.map((row) => {
    const values = columns.map(({ type }, place) => {
      const text = valueText(row[place] ?? null, type)
      bytes += Buffer.byteLength(text) + 1
      if (bytes <= bytesMax) return text
      const hint = 'the reply has too many bytes; ask for fewer rows or columns, or for a stream'
      throw tooLarge('graph_page_bytes_max', bytesMax, hint)
    })
    return `[${values.join(',')}]`
  })
}

/** The body of a page. */
export function replyText(
  columns: readonly ResultColumn[],
  rows: readonly Row[],
  { queryId, elapsedMs, figures, receiptText, bytesMax }: ReplyFacts,
): string {
  const described = JSON.stringify(columns.map(({ name, type }) => ({ name, type })))
  const texts = rowTexts(columns, rows, bytesMax)
  const { cursor, isTruncated, seq, examined, engineMs } = figures
  const facts = JSON.stringify({
    ...{ row_count: rows.length, next_cursor: cursor, truncated: isTruncated, seq, examined },
    ...{ engine_ms: engineMs, elapsed_ms: elapsedMs },
  })
  const receipt = receiptText === null ? 'null' : `{${receiptText}}`
  return `{"query_id":${JSON.stringify(queryId)},"columns":${described},"rows":[${texts.join(',')}],${facts.slice(1, -1)},"receipt":${receipt}}`
}
