import { parseExpression, parseValue } from './expression-parser.ts'
import type { Expression, Literal, OrderTerm, Parameter, Returning } from './syntax-tree.ts'
import type { TokenStream } from './token-stream.ts'

/** `RETURN [DISTINCT] … [ORDER BY …] [SKIP …] [LIMIT …]`. */
export function parseReturning(tokens: TokenStream): Returning {
  tokens.expectWord('RETURN')
  const isDistinct = tokens.acceptWord('DISTINCT')
  const items = tokens.acceptSymbol('*')
    ? 'all'
    : tokens.commaList(() => item(tokens), 'graphQueryColumnsMax')
  const orderBy = parseOrder(tokens)
  const skip = tokens.acceptWord('SKIP') ? count(tokens) : null
  const limit = tokens.acceptWord('LIMIT') ? count(tokens) : null
  return { isDistinct, items, orderBy, skip, limit }
}

export function parseWhere(tokens: TokenStream): Expression | null {
  return tokens.acceptWord('WHERE') ? parseExpression(tokens) : null
}

function item(tokens: TokenStream) {
  const expression = parseExpression(tokens)
  const alias = tokens.acceptWord('AS') ? tokens.expectName('an alias') : null
  return { expression, alias }
}

function parseOrder(tokens: TokenStream): OrderTerm[] {
  if (!tokens.acceptWord('ORDER')) return []
  tokens.expectWord('BY')
  return tokens.commaList(() => {
    const expression = parseExpression(tokens)
    if (tokens.acceptWord('ASC')) return { expression, isDescending: false }
    return { expression, isDescending: tokens.acceptWord('DESC') }
  }, 'graphQueryOrderMax')
}

/** A whole number from 0, or a parameter. */
function count(tokens: TokenStream): Literal | Parameter {
  const { kind, value } = tokens.current
  const isCount = kind === 'number' && Number.isSafeInteger(value)
  if (!isCount && kind !== 'parameter') throw tokens.failure('a whole number', 'a parameter')
  return parseValue(tokens)
}
