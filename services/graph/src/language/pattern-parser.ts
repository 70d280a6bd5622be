import type { Pattern } from './syntax-tree.ts'
import type { TokenStream } from './token-stream.ts'

/** `(he:Table)`; the variable may be left out. */
export function parsePattern(tokens: TokenStream): Pattern {
  tokens.expectSymbol('(')
  const pattern = patternInside(tokens)
  tokens.expectSymbol(')')
  return pattern
}

/** Without the brackets around it. */
export function patternInside(tokens: TokenStream): Pattern {
  const variable = tokens.isSymbol(':') ? null : tokens.expectName('a variable')
  tokens.expectSymbol(':')
  return { variable, table: tokens.expectName('the name of a table') }
}
