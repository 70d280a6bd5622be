import type { BinaryOperator, Entry, Expression, Literal, Parameter } from './syntax-tree.ts'
import type { TokenStream } from './token-stream.ts'

const least = -(2n ** 63n)

/** OR, AND, NOT, comparison, + −, * / %, sign: each binds tighter than the one before. */
export function parseExpression(tokens: TokenStream): Expression {
  return tokens.nested(() =>
    junction(tokens, 'OR', () => junction(tokens, 'AND', () => not(tokens))),
  )
}

/** `{name: value, …}`; an empty one too. */
export function parseEntries(tokens: TokenStream): Entry[] {
  tokens.expectSymbol('{')
  if (tokens.acceptSymbol('}')) return []
  const entries = tokens.commaList(() => {
    const name = tokens.expectAnyName('a name')
    tokens.expectSymbol(':')
    return { name, value: parseExpression(tokens) }
  })
  tokens.expectSymbol('}')
  return entries
}

/** A number, text, true, false or NULL, or a parameter. */
export function parseValue(tokens: TokenStream): Literal | Parameter {
  const value = literal(tokens)
  if (value === undefined) throw tokens.failure('a value', 'a parameter')
  return value
}

function junction(tokens: TokenStream, word: 'AND' | 'OR', operand: () => Expression): Expression {
  const first = operand()
  if (!tokens.isWord(word)) return first
  const operands = [first]
  while (tokens.acceptWord(word)) {
    tokens.assertRoom(operands.length)
    operands.push(operand())
  }
  return { kind: word === 'AND' ? 'and' : 'or', operands }
}

function not(tokens: TokenStream): Expression {
  if (!tokens.acceptWord('NOT')) return comparison(tokens)
  return { kind: 'not', operand: tokens.nested(() => not(tokens)) }
}

function comparison(tokens: TokenStream): Expression {
  const left = sum(tokens)
  if (tokens.isSymbol('=', '<>', '!=', '<=', '<', '>=', '>')) {
    const { text } = tokens.advance()
    // The set of symbols is that of the operators, but for the second form of one.
    const operator = (text === '!=' ? '<>' : text) as BinaryOperator
    return { kind: 'binary', operator, left, right: sum(tokens) }
  }
  if (tokens.acceptWord('IS')) {
    const isNegated = tokens.acceptWord('NOT')
    tokens.expectWord('NULL')
    return { kind: 'isNull', operand: left, isNegated }
  }
  if (tokens.isWord('NOT') && ['IN', 'BETWEEN'].includes(tokens.ahead.text.toUpperCase())) {
    tokens.advance()
    const operand = rangeOrList(tokens, left)
    if (operand !== undefined) return { kind: 'not', operand }
  }
  return rangeOrList(tokens, left) ?? textTest(tokens, left) ?? left
}

function rangeOrList(tokens: TokenStream, value: Expression): Expression | undefined {
  if (tokens.acceptWord('IN')) {
    return { kind: 'in', value, list: tokens.isSymbol('(') ? valueList(tokens) : primary(tokens) }
  }
  if (!tokens.acceptWord('BETWEEN')) return undefined
  const low = sum(tokens)
  tokens.expectWord('AND')
  return { kind: 'between', value, low, high: sum(tokens) }
}

/** SQL writes lists of IN in parentheses. */
function valueList(tokens: TokenStream): Expression {
  tokens.expectSymbol('(')
  const items = tokens.commaList(() => parseExpression(tokens))
  tokens.expectSymbol(')')
  return { kind: 'list', items }
}

function textTest(tokens: TokenStream, left: Expression): Expression | undefined {
  if (tokens.isWord('STARTS', 'ENDS')) {
    const operator = `${tokens.advance().text.toUpperCase()} WITH` as BinaryOperator
    tokens.expectWord('WITH')
    return { kind: 'binary', operator, left, right: sum(tokens) }
  }
  if (!tokens.acceptWord('CONTAINS')) return undefined
  return { kind: 'binary', operator: 'CONTAINS', left, right: sum(tokens) }
}

function sum(tokens: TokenStream): Expression {
  return chain(tokens, ['+', '-'], () => chain(tokens, ['*', '/', '%'], () => signed(tokens)))
}

/** A chain is a tree that leans to the left: each operator of it is a level. */
function chain(
  tokens: TokenStream,
  operators: readonly string[],
  operand: () => Expression,
): Expression {
  let left = operand()
  const extend = (): void => {
    const operator = tokens.advance().text as BinaryOperator
    left = { kind: 'binary', operator, left, right: operand() }
    if (tokens.isSymbol(...operators)) tokens.nested(extend)
  }
  if (tokens.isSymbol(...operators)) tokens.nested(extend)
  return left
}

function signed(tokens: TokenStream): Expression {
  if (!tokens.acceptSymbol('-')) return primary(tokens)
  const { kind, value } = tokens.current
  if (kind === 'number' && typeof value !== 'string') {
    if (typeof value === 'bigint' && -value < least) throw tokens.failure('a number of 64 bits')
    tokens.advance()
    return { kind: 'literal', value: -value }
  }
  return { kind: 'negate', operand: tokens.nested(() => signed(tokens)) }
}

function primary(tokens: TokenStream): Expression {
  const value = literal(tokens)
  if (value !== undefined) return value
  if (tokens.acceptSymbol('(')) {
    const inner = parseExpression(tokens)
    tokens.expectSymbol(')')
    return inner
  }
  if (tokens.acceptSymbol('[')) {
    if (tokens.acceptSymbol(']')) return { kind: 'list', items: [] }
    const items = tokens.commaList(() => parseExpression(tokens))
    tokens.expectSymbol(']')
    return { kind: 'list', items }
  }
  if (tokens.isSymbol('{')) return { kind: 'record', entries: parseEntries(tokens) }
  return reference(tokens)
}

function literal(tokens: TokenStream): Literal | Parameter | undefined {
  const { kind, value, text } = tokens.current
  if (kind === 'string' || kind === 'number') {
    tokens.advance()
    return { kind: 'literal', value }
  }
  if (kind === 'parameter') {
    tokens.advance()
    return { kind: 'parameter', name: String(value) }
  }
  if (kind !== 'word') return undefined
  const constant = constants.get(text.toUpperCase())
  if (constant === undefined) return undefined
  tokens.advance()
  return { kind: 'literal', value: constant }
}

const constants: ReadonlyMap<string, boolean | null> = new Map([
  ['TRUE', true],
  ['FALSE', false],
  ['NULL', null],
])

/** A column, the members in a role, or a call. */
function reference(tokens: TokenStream): Expression {
  const isPlain = tokens.current.kind === 'word'
  const name = tokens.expectName('an expression')
  if (tokens.acceptSymbol('.')) {
    const column = tokens.expectAnyName('the name of a column')
    if (column.toLowerCase() !== 'members' || !tokens.acceptSymbol('(')) {
      return { kind: 'column', variable: name, name: column }
    }
    return roleMembers(tokens, name)
  }
  if (!isPlain || !tokens.acceptSymbol('(')) return { kind: 'column', variable: null, name }
  const lower = name.toLowerCase()
  return lower === 'members' ? roleMembers(tokens, null) : callOf(tokens, lower)
}

function roleMembers(tokens: TokenStream, variable: string | null): Expression {
  const role = parseExpression(tokens)
  tokens.expectSymbol(')')
  return { kind: 'members', variable, role }
}

function callOf(tokens: TokenStream, name: string): Expression {
  if (tokens.acceptSymbol('*')) {
    tokens.expectSymbol(')')
    return { kind: 'call', name, isDistinct: false, isStar: true, arguments: [] }
  }
  const isDistinct = tokens.acceptWord('DISTINCT')
  const hasNone = !isDistinct && tokens.acceptSymbol(')')
  const given = hasNone ? [] : tokens.commaList(() => parseExpression(tokens))
  if (!hasNone) tokens.expectSymbol(')')
  return { kind: 'call', name, isDistinct, isStar: false, arguments: given }
}
