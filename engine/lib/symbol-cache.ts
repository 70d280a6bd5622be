/** The texts of labels and roles by number, fetched once each. */
export class SymbolCache {
  readonly #texts: (string | null)[] = [null]
  readonly #fetch: (first: number) => ArrayBuffer

  constructor(fetch: (first: number) => ArrayBuffer) {
    this.#fetch = fetch
  }

  /** The texts of the symbols, null for none. */
  textsOf(symbols: Uint32Array): (string | null)[] {
    const texts = this.#upTo(largest(symbols))
    const result = new Array<string | null>(symbols.length)
    for (let row = 0; row < symbols.length; row++) result[row] = texts[symbols[row] ?? 0] ?? null
    return result
  }

  /** All texts by number, at least up to the largest of the symbols. */
  tableFor(symbols: Uint32Array): readonly (string | null)[] {
    return this.#upTo(largest(symbols))
  }

  #upTo(symbol: number): (string | null)[] {
    if (symbol >= this.#texts.length) {
      const buffer = this.#fetch(this.#texts.length)
      const view = new DataView(buffer)
      let at = 4
      for (let left = view.getUint32(0, true); left > 0; left--) {
        const bytes = view.getUint32(at, true)
        this.#texts.push(Buffer.from(buffer, at + 4, bytes).toString('utf8'))
        at += 4 + bytes
      }
    }
    return this.#texts
  }
}

function largest(symbols: Uint32Array): number {
  let most = 0
  for (let row = 0; row < symbols.length; row++) {
    const symbol = symbols[row] ?? 0
    if (symbol > most) most = symbol
  }
  return most
}
