import { identifierPattern } from '@hypermesh/contract'
import { nameError, syntaxError } from './syntax-error.ts'

/**
 * - `word`: a keyword or a name; `quoted`: a name in backquotes, checked;
 * - `string`, `number`: `value` has what they mean; `parameter`: `$name`, its name as `value`;
 * - `symbol`: punctuation; `end`: of the text.
 */
export type TokenKind = 'word' | 'quoted' | 'string' | 'number' | 'parameter' | 'symbol' | 'end'

export interface Token {
  readonly kind: TokenKind
  /** As it stands in the text. */
  readonly text: string
  readonly value: string | number | bigint
  readonly offset: number
}

const symbols = ['->', '..', '<>', '!=', '<=', '>=', ...'()[]{}:;,.<>=+-*/%']
const space = /[\t\n\r \u00a0\ufeff]+/y
const lineComment = /\/\/[^\n]*/y
const word = /[A-Za-z_][A-Za-z0-9_]*/y
const number = /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const escapes: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['b', '\b'],
  ['f', '\f'],
  ['0', '\0'],
  ['\\', '\\'],
  ["'", "'"],
  ['"', '"'],
  ['`', '`'],
])
const largest = 2n ** 64n - 1n

/** Cuts a text into tokens, one at a time; never looks at a character twice but for a symbol's two. */
export class Lexer {
  readonly text: string
  #at = 0

  constructor(text: string) {
    this.text = text
  }

  next(): Token {
    this.#skipSpace()
    const { text } = this
    const offset = this.#at
    const first = text[offset]
    if (first === undefined) return { kind: 'end', text: 'the end', value: '', offset }
    const name = this.#match(word)
    if (name !== undefined) return this.#name(name, offset)
    const digits = this.#match(number)
    if (digits !== undefined) return this.#number(digits, offset)
    if (first === "'" || first === '"') return this.#string(first, offset)
    if (first === '`') return this.#quoted(offset)
    if (first === '$') return this.#parameter(offset)
    const symbol = symbols.find((one) => text.startsWith(one, offset))
    if (symbol === undefined) {
      const found = String.fromCodePoint(text.codePointAt(offset) ?? 0)
      throw syntaxError({ text, offset, expected: ['a token'], found })
    }
    this.#at += symbol.length
    return { kind: 'symbol', text: symbol, value: symbol, offset }
  }

  #skipSpace(): void {
    while (this.#match(space) !== undefined || this.#skipComment());
  }

  #skipComment(): boolean {
    const { text } = this
    if (!text.startsWith('/*', this.#at)) return this.#match(lineComment) !== undefined
    const end = text.indexOf('*/', this.#at + 2)
    if (end < 0) {
      throw syntaxError({ text, offset: this.#at, expected: ['*/'], found: 'the end' })
    }
    this.#at = end + 2
    return true
  }

  #name(name: string, offset: number): Token {
    if (name.length > 64) throw nameError(this.text, offset, name)
    return { kind: 'word', text: name, value: name, offset }
  }

  #number(digits: string, offset: number): Token {
    const { text } = this
    const isGlued = /[A-Za-z_0-9]/.test(text[this.#at] ?? '')
    const value = toNumber(digits)
    if (isGlued || value === undefined) {
      const found = isGlued ? digits + text[this.#at] : digits
      throw syntaxError({ text, offset, expected: ['a number that can be held'], found })
    }
    return { kind: 'number', text: digits, value, offset }
  }

  #string(quote: string, offset: number): Token {
    const { text } = this
    let value = ''
    let at = offset + 1
    for (;;) {
      let end = at
      while (end < text.length && text[end] !== quote && text[end] !== '\\') end += 1
      value += text.slice(at, end)
      if (end >= text.length) {
        throw syntaxError({ text, offset, expected: [`the closing ${quote}`], found: 'the end' })
      }
      if (text[end] === '\\') {
        const escaped = this.#escape(end)
        value += escaped.value
        at = escaped.end
      } else if (text[end + 1] === quote) {
        value += quote
        at = end + 2
      } else {
        this.#at = end + 1
        break
      }
    }
    if (/\p{Surrogate}/u.test(value)) {
      throw syntaxError({ text, offset, expected: ['well-formed Unicode'], found: 'half a pair' })
    }
    return { kind: 'string', text: text.slice(offset, this.#at), value, offset }
  }

  #escape(offset: number): { readonly value: string; readonly end: number } {
    const { text } = this
    const kind = text[offset + 1] ?? ''
    const plain = escapes.get(kind)
    if (plain !== undefined) return { value: plain, end: offset + 2 }
    const hex = text.slice(offset + 2, offset + 6)
    if (kind === 'u' && /^[0-9A-Fa-f]{4}$/.test(hex)) {
      return { value: String.fromCharCode(Number.parseInt(hex, 16)), end: offset + 6 }
    }
    const expected = ['one of \\n \\r \\t \\b \\f \\0 \\\\ \\\' \\" \\` \\uXXXX']
    throw syntaxError({ text, offset, expected, found: text.slice(offset, offset + 2) })
  }

  #quoted(offset: number): Token {
    const { text } = this
    const end = text.indexOf('`', offset + 1)
    if (end < 0) {
      throw syntaxError({ text, offset, expected: ['the closing `'], found: 'the end' })
    }
    const name = text.slice(offset + 1, end)
    if (!identifierPattern.test(name)) throw nameError(text, offset, name)
    this.#at = end + 1
    return { kind: 'quoted', text: text.slice(offset, end + 1), value: name, offset }
  }

  #parameter(offset: number): Token {
    const { text } = this
    this.#at += 1
    const name = this.#match(word)
    if (name === undefined) {
      const found = text[offset + 1] ?? 'the end'
      throw syntaxError({ text, offset, expected: ['the name of a parameter'], found })
    }
    if (name.length > 64) throw nameError(text, offset, name)
    return { kind: 'parameter', text: `$${name}`, value: name, offset }
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.text)?.[0]
    if (found !== undefined) this.#at += found.length
    return found
  }
}

/** Whole numbers beyond 2^53 stay exact; beyond 64 bits they are none. */
function toNumber(digits: string): number | bigint | undefined {
  const value = Number(digits)
  if (!Number.isFinite(value)) return undefined
  if (!/^\d+$/.test(digits) || Number.isSafeInteger(value)) return value
  if (digits.length > 20) return undefined
  const exact = BigInt(digits)
  return exact <= largest ? exact : undefined
}
