import type { HyperMeshError } from '@hypermesh/contract'
import { Lexer, type Token } from './lexer.ts'
import { isReserved } from './reserved-words.ts'
import { boundError, nameError, syntaxError } from './syntax-error.ts'

/** What a text may have; the names of the contract's limits. */
export interface LanguageBounds {
  readonly graphQueryBytesMax: number
  readonly graphQueryDepthMax: number
  readonly graphQueryListMax: number
  readonly graphQueryColumnsMax: number
  readonly graphQueryOrderMax: number
}

/** Lists have the names of their limits, and what these count. */
const lists = {
  graphQueryListMax: ['graph_query_list_max', 'elements in one list'],
  graphQueryColumnsMax: ['graph_query_columns_max', 'columns in one RETURN'],
  graphQueryOrderMax: ['graph_query_order_max', 'terms in one ORDER BY'],
} as const
type ListBound = keyof typeof lists

/** Counts what a parse did, so that tests need no clock. */
export interface Work {
  steps: number
}

/** The tokens of one statement, with one of look-ahead beyond the current. */
export class TokenStream {
  readonly bounds: LanguageBounds
  readonly #lexer: Lexer
  readonly #work: Work
  readonly #expected = new Set<string>()
  #token: Token
  #ahead: Token | undefined
  #previous: Token | undefined
  #depth = 0

  constructor(text: string, bounds: LanguageBounds, work: Work) {
    this.bounds = bounds
    this.#work = work
    const bytes = Buffer.byteLength(text)
    if (bytes > bounds.graphQueryBytesMax) {
      throw boundError('graph_query_bytes_max', bounds.graphQueryBytesMax, 'bytes')
    }
    this.#lexer = new Lexer(text)
    this.#token = this.#lexer.next()
  }

  get current(): Token {
    return this.#token
  }

  /** The token behind the current one. */
  get ahead(): Token {
    this.#ahead ??= this.#lexer.next()
    return this.#ahead
  }

  advance(): Token {
    this.#work.steps += 1
    const token = this.#token
    this.#previous = token
    this.#token = this.#ahead ?? this.#lexer.next()
    this.#ahead = undefined
    this.#expected.clear()
    return token
  }

  isWord(...words: readonly string[]): boolean {
    const { kind, text } = this.#token
    this.#work.steps += 1
    for (const word of words) this.#expected.add(word)
    return kind === 'word' && words.includes(text.toUpperCase())
  }

  isSymbol(...symbols: readonly string[]): boolean {
    const { kind, text } = this.#token
    this.#work.steps += 1
    for (const symbol of symbols) this.#expected.add(`"${symbol}"`)
    return kind === 'symbol' && symbols.includes(text)
  }

  acceptWord(word: string): boolean {
    if (!this.isWord(word)) return false
    this.advance()
    return true
  }

  acceptSymbol(symbol: string): boolean {
    if (!this.isSymbol(symbol)) return false
    this.advance()
    return true
  }

  /** One word after the other. */
  expectWord(...words: readonly string[]): void {
    for (const word of words) if (!this.acceptWord(word)) throw this.failure()
  }

  expectSymbol(symbol: string): void {
    if (!this.acceptSymbol(symbol)) throw this.failure()
  }

  /** A name of the caller's: of a table, column, index, variable. Throws `invalid_name` for a text. */
  expectName(what: string): string {
    const token = this.#token
    const isName = token.kind === 'quoted' || (token.kind === 'word' && !isReserved(token.text))
    if (isName) return String(this.advance().value)
    if (token.kind === 'string') {
      throw nameError(this.#lexer.text, token.offset, String(token.value))
    }
    throw this.failure(what)
  }

  /** As behind a dot, where no keyword can stand. */
  expectAnyName(what: string): string {
    if (this.#token.kind === 'word') return this.advance().text
    return this.expectName(what)
  }

  /** A whole number from 1. */
  expectCount(what: string): number {
    const { kind, value } = this.#token
    if (kind !== 'number' || !Number.isSafeInteger(value) || Number(value) < 1) {
      throw this.failure(what)
    }
    return Number(this.advance().value)
  }

  /** What stands between, with its nesting counted. */
  nested<Result>(parse: () => Result): Result {
    const { graphQueryDepthMax } = this.bounds
    this.#depth += 1
    if (this.#depth > graphQueryDepthMax) {
      throw boundError('graph_query_depth_max', graphQueryDepthMax, 'levels of nesting')
    }
    const result = parse()
    this.#depth -= 1
    return result
  }

  /** One or more with commas between. */
  commaList<Item>(parse: () => Item, bound: ListBound = 'graphQueryListMax'): Item[] {
    const items = [parse()]
    while (this.acceptSymbol(',')) {
      this.assertRoom(items.length, bound)
      items.push(parse())
    }
    return items
  }

  /** Throws when a list that has so many takes one more than it may. */
  assertRoom(count: number, bound: ListBound = 'graphQueryListMax'): void {
    if (count < this.bounds[bound]) return
    const [limit, what] = lists[bound]
    throw boundError(limit, this.bounds[bound], what)
  }

  /** The statement is over; a semicolon may end it, and nothing may follow. */
  expectEnd(): void {
    if (this.isSymbol(';') && this.ahead.kind === 'end') this.advance()
    if (this.#token.kind !== 'end') throw this.failure('the end of the statement')
  }

  /** What was looked for at this token, against what stands there. */
  failure(...more: readonly string[]): HyperMeshError {
    const { text } = this.#lexer
    const token = this.#token
    // A statement behind a name is that name's fault: the caller pasted what is none.
    if (token.text === ';' && token.kind === 'symbol' && this.#endsName()) {
      const offset = this.#previous?.offset ?? token.offset
      return nameError(text, offset, text.slice(offset, offset + 100))
    }
    const expected = [...this.#expected, ...more]
    return syntaxError({ text, offset: token.offset, expected, found: token.text })
  }

  #endsName(): boolean {
    const kind = this.#previous?.kind
    return kind === 'word' || kind === 'quoted'
  }
}
