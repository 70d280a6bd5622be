import type { ExplainedSql } from './sql-explain.ts'

export interface SqlPosition {
  readonly line: number
  readonly column: number
}

/** Where a byte of the statement's body stands in the text as it was sent; both count from 1. */
export function positionOf(
  { prefix, body }: Pick<ExplainedSql, 'prefix' | 'body'>,
  offset: number,
): SqlPosition {
  const before = Buffer.from(prefix + body)
    .subarray(0, Buffer.byteLength(prefix) + offset)
    .toString()
  const line = before.split('\n').length
  const column = [...(before.split('\n').at(-1) ?? '')].length + 1
  return { line, column }
}
