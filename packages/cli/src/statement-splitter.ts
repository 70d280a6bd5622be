export interface SplitText {
  /** Finished statements, without their semicolons. */
  readonly statements: string[]
  /** What follows the last semicolon; empty when that is only space and comments. */
  readonly rest: string
}

/** Where tokens end: enough of a language to find its semicolons. */
export interface Dialect {
  /** What begins a comment up to the end of its line. */
  readonly lineComment: string
  /** Where the token that begins at `start` ends: a string, a comment, a name, or one character. */
  readonly tokenEnd: (text: string, start: number) => number
}

export const sqlDialect: Dialect = { lineComment: '--', tokenEnd: sqlTokenEnd }

/** Of the graph service: strings in either quotes with escapes, comments as in C++. */
export const graphDialect: Dialect = { lineComment: '//', tokenEnd: graphTokenEnd }

/** Splits a text at its semicolons, but not at those in strings, quoted names and comments. */
export function splitStatements(text: string, dialect: Dialect = sqlDialect): SplitText {
  const statements: string[] = []
  let start = 0
  let hasContent = false
  let position = 0
  while (position < text.length) {
    const end = dialect.tokenEnd(text, position)
    const token = text.slice(position, end)
    if (token === ';') {
      if (hasContent) statements.push(text.slice(start, position).trim())
      start = end
      hasContent = false
    } else if (!isBlank(token, dialect)) {
      hasContent = true
    }
    position = end
  }
  return { statements, rest: hasContent || isOpen(text.slice(start)) ? text.slice(start) : '' }
}

function isBlank(token: string, { lineComment }: Dialect): boolean {
  return token.startsWith(lineComment) || token.startsWith('/*') || token.trim() === ''
}

/** A comment that has begun and not ended keeps the statement open. */
function isOpen(rest: string): boolean {
  return rest.trimStart().startsWith('/*') && !rest.trimEnd().endsWith('*/')
}

/** The text with its line comments as block comments: as one line, they would swallow what follows. */
export function withBlockComments(text: string, dialect: Dialect): string {
  let result = ''
  for (let position = 0; position < text.length; ) {
    const end = dialect.tokenEnd(text, position)
    const token = text.slice(position, end)
    const isComment = token.startsWith(dialect.lineComment) && token.endsWith('\n')
    const said = token.slice(dialect.lineComment.length).trim().replaceAll('*/', '* /')
    result += isComment ? `/* ${said} */\n` : token
    position = end
  }
  return result
}

function graphTokenEnd(text: string, start: number): number {
  const next = text[start] ?? ''
  if (next === "'" || next === '"') return escapedEnd(text, start + 1, next)
  if (next === '`') return quotedEnd(text, start + 1, next)
  if (text.startsWith('//', start)) return endAfter(text, '\n', start)
  if (text.startsWith('/*', start)) return endAfter(text, '*/', start + 2)
  return wordEnd(text, start)
}

function sqlTokenEnd(text: string, start: number): number {
  const next = text[start] ?? ''
  if (next === "'") return quotedEnd(text, start + 1, "'")
  if (next === '"') return quotedEnd(text, start + 1, '"')
  if (/[eE]/.test(next) && text[start + 1] === "'") return escapedEnd(text, start + 2, "'")
  if (text.startsWith('--', start)) return endAfter(text, '\n', start)
  if (text.startsWith('/*', start)) return commentEnd(text, start)
  if (next === '$') return dollarEnd(text, start)
  return wordEnd(text, start)
}

function wordEnd(text: string, start: number): number {
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

function escapedEnd(text: string, from: number, quote: string): number {
  for (let index = from; index < text.length; index += 1) {
    if (text[index] === '\\') index += 1
    else if (text[index] === quote) return index + 1
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
