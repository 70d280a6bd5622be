export interface SplitText {
  /** Finished statements, without their semicolons. */
  readonly statements: string[]
  /** What follows the last semicolon; empty when that is only space and comments. */
  readonly rest: string
}

/** Splits SQL at its semicolons, but not at those in strings, quoted names and comments. */
export function splitStatements(text: string): SplitText {
  const statements: string[] = []
  let start = 0
  let hasContent = false
  let position = 0
  while (position < text.length) {
    const end = tokenEnd(text, position)
    const token = text.slice(position, end)
    if (token === ';') {
      if (hasContent) statements.push(text.slice(start, position).trim())
      start = end
      hasContent = false
    } else if (!isBlank(token)) {
      hasContent = true
    }
    position = end
  }
  return { statements, rest: hasContent || isOpen(text.slice(start)) ? text.slice(start) : '' }
}

function isBlank(token: string): boolean {
  return token.startsWith('--') || token.startsWith('/*') || token.trim() === ''
}

/** A comment that has begun and not ended keeps the statement open. */
function isOpen(rest: string): boolean {
  return rest.trimStart().startsWith('/*') && !rest.trimEnd().endsWith('*/')
}

/** Where the token that begins at `start` ends: a string, a comment, a name, or one character. */
function tokenEnd(text: string, start: number): number {
  const next = text[start] ?? ''
  if (next === "'") return quotedEnd(text, start + 1, "'")
  if (next === '"') return quotedEnd(text, start + 1, '"')
  if (/[eE]/.test(next) && text[start + 1] === "'") return escapedEnd(text, start + 2)
  if (text.startsWith('--', start)) return endAfter(text, '\n', start)
  if (text.startsWith('/*', start)) return commentEnd(text, start)
  if (next === '$') return dollarEnd(text, start)
  const word = /[\p{L}\p{N}_][\p{L}\p{N}_$]*/uy
  word.lastIndex = start
  return word.test(text) ? word.lastIndex : start + 1
}

function endAfter(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from)
  return found === -1 ? text.length : found + mark.length
}

/** A doubled quote ends one part and begins the next, which comes to the same. */
function quotedEnd(text: string, from: number, quote: string): number {
  return endAfter(text, quote, from)
}

function escapedEnd(text: string, from: number): number {
  for (let index = from; index < text.length; index += 1) {
    if (text[index] === '\\') index += 1
    else if (text[index] === "'") return index + 1
  }
  return text.length
}

/** Comments nest, as in PostgreSQL. */
function commentEnd(text: string, start: number): number {
  const marks = /\/\*|\*\//g
  marks.lastIndex = start
  let depth = 0
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    depth += mark[0] === '/*' ? 1 : -1
    if (depth === 0) return marks.lastIndex
  }
  return text.length
}

/** `$$ … $$` and `$tag$ … $tag$` are strings; `$1` and `$name` are parameters. */
function dollarEnd(text: string, start: number): number {
  const opening = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y
  opening.lastIndex = start
  const mark = opening.exec(text)?.[0]
  return mark === undefined ? start + 1 : endAfter(text, mark, start + mark.length)
}
