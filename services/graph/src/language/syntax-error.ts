import { type ErrorCode, HyperMeshError, printable } from '@hypermesh/contract'

export interface SyntaxFacts {
  readonly text: string
  readonly offset: number
  readonly expected: readonly string[]
  readonly found: string
}

/** An error that says where, what was expected and what stood there. */
export function syntaxError(facts: SyntaxFacts, code: ErrorCode = 'invalid'): HyperMeshError {
  const { text, offset, expected, found } = facts
  const { line, column } = placeOf(text, offset)
  const wanted = expected.join(' or ')
  const shown = printable(found)
  return new HyperMeshError(
    code,
    `line ${line}, column ${column}: expected ${wanted}, found ${shown}`,
    { details: { line, column, expected, found: shown } },
  )
}

/** A name that is none: what the contract calls `invalid_name`. */
export function nameError(text: string, offset: number, name: string): HyperMeshError {
  const { line, column } = placeOf(text, offset)
  const rule = 'use letters, digits and _, at most 64, no digit first'
  return new HyperMeshError(
    'invalid_name',
    `line ${line}, column ${column}: "${printable(name)}" is not a name; ${rule}`,
    { details: { line, column, expected: ['a name'], found: printable(name) } },
  )
}

export function boundError(limit: string, most: number, what: string): HyperMeshError {
  return new HyperMeshError('too_large', `the statement has more than ${most} ${what}`, {
    details: { limit, most },
  })
}

/** From 1; columns are counted in UTF-16 units, as editors do. */
function placeOf(text: string, offset: number): { line: number; column: number } {
  let line = 1
  let start = 0
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) {
    line += 1
    start = at + 1
  }
  return { line, column: offset - start + 1 }
}
