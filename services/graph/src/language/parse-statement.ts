import { parseAlter, parseCreate, parseDrop, parseShow } from './definition-parser.ts'
import { parseExpression } from './expression-parser.ts'
import { parseMatch } from './match-parser.ts'
import { parseReturning } from './return-parser.ts'
import {
  type CallProcedure,
  type CompactThreshold,
  type RunnableStatement,
  returnAll,
  type Statement,
} from './syntax-tree.ts'
import { type LanguageBounds, TokenStream, type Work } from './token-stream.ts'
import { parseCopy, parseDelete, parseInsert, parseUpdate } from './write-parser.ts'

const parsers: ReadonlyMap<string, (tokens: TokenStream) => RunnableStatement> = new Map([
  ['MATCH', parseMatch],
  ['INSERT', parseInsert],
  ['UPDATE', parseUpdate],
  ['DELETE', parseDelete],
  ['COPY', parseCopy],
  ['CREATE', parseCreate],
  ['ALTER', parseAlter],
  ['DROP', parseDrop],
  ['SHOW', parseShow],
  ['CALL', parseCall],
  ['COMPACT_THRESHOLD', parseCompactThreshold],
])

/**
 * The tree of one statement; throws `invalid` with where and what was expected, `invalid_name`, or
 * `too_large` with the limit. Time and depth are bounded by the text's length and by the limits.
 */
export function parseStatement(
  text: string,
  bounds: LanguageBounds,
  work: Work = { steps: 0 },
): Statement {
  const tokens = new TokenStream(text, bounds, work)
  const isExplained = tokens.acceptWord('EXPLAIN')
  const parse = tokens.isWord(...parsers.keys())
    ? parsers.get(tokens.current.text.toUpperCase())
    : undefined
  if (parse === undefined) throw tokens.failure()
  const statement = parse(tokens)
  tokens.expectEnd()
  return isExplained ? { kind: 'explain', statement } : statement
}

/** `CALL name(…) [RETURN …]`. */
function parseCall(tokens: TokenStream): CallProcedure {
  tokens.expectWord('CALL')
  const procedure = tokens.expectName('the name of a procedure').toLowerCase()
  tokens.expectSymbol('(')
  const hasNone = tokens.acceptSymbol(')')
  const given = hasNone ? [] : tokens.commaList(() => parseExpression(tokens))
  if (!hasNone) tokens.expectSymbol(')')
  const returning = tokens.isWord('RETURN') ? parseReturning(tokens) : returnAll
  return { kind: 'call', procedure, arguments: given, returning }
}

/** `COMPACT_THRESHOLD`, `COMPACT_THRESHOLD 5000`. */
function parseCompactThreshold(tokens: TokenStream): CompactThreshold {
  tokens.expectWord('COMPACT_THRESHOLD')
  const isAsked = !tokens.acceptSymbol('=') && tokens.current.kind !== 'number'
  return {
    kind: 'compactThreshold',
    records: isAsked ? null : tokens.expectCount('a number of records'),
  }
}
