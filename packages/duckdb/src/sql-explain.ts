import { refuse } from './sql-walk.ts'

export interface ExplainedSql {
  readonly kind: 'select' | 'explain' | 'explain-analyze'
  /** `EXPLAIN` and `EXPLAIN ANALYZE` where they stood, comments blanked, so positions stay true. */
  readonly prefix: string
  readonly body: string
}

/**
 * Splits a leading EXPLAIN off. Whatever this takes for the body is parsed and checked by itself, so
 * a mistake here can refuse a statement but never let one through.
 */
export function splitExplain(sql: string): ExplainedSql {
  const start = skipBlank(sql, 0)
  const explain = keywordAt(sql, start, 'explain')
  if (!explain) return { kind: 'select', prefix: '', body: sql }
  const next = skipBlank(sql, start + explain.length)
  if (sql[next] === '(') {
    throw refuse(
      'unsupported-explain',
      'EXPLAIN takes no options here; write EXPLAIN or EXPLAIN ANALYZE',
    )
  }
  const analyze = keywordAt(sql, next, 'analyze') ?? keywordAt(sql, next, 'analyse')
  const end = analyze ? next + analyze.length : start + explain.length
  const blanked =
    blank(sql.slice(0, start)) +
    explain +
    (analyze ? blank(sql.slice(start + explain.length, next)) + analyze : '')
  return {
    kind: analyze ? 'explain-analyze' : 'explain',
    prefix: blanked,
    body: sql.slice(end),
  }
}

function keywordAt(sql: string, offset: number, word: string): string | undefined {
  const found = sql.slice(offset, offset + word.length)
  const after = sql[offset + word.length] ?? ' '
  return found.toLowerCase() === word && !/[\w$]/.test(after) ? found : undefined
}

/** The offset of the first character that is neither white space nor comment. */
function skipBlank(sql: string, from: number): number {
  let offset = from
  for (;;) {
    const match = /^(?:\s+|--[^\n]*(?:\n|$))+/.exec(sql.slice(offset))
    if (match) offset += match[0].length
    else if (sql.startsWith('/*', offset)) offset = endOfComment(sql, offset)
    else return offset
  }
}

function endOfComment(sql: string, from: number): number {
  const nested = /\/\*|\*\//g
  nested.lastIndex = from
  let depth = 0
  for (let match = nested.exec(sql); match; match = nested.exec(sql)) {
    depth += match[0] === '/*' ? 1 : -1
    if (depth === 0) return match.index + 2
  }
  return sql.length
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, ' ')
}
