import type { EncodedTotals } from '@hypermesh/duckdb'
import type { ResultBody } from './running-result.ts'

type Encoded = AsyncGenerator<Uint8Array, EncodedTotals, undefined>

/**
 * The bytes of a result, of which the first are already there: a failure before them is an error
 * reply, and a result that ends within them states its totals before its body.
 */
export class HeldBody implements ResultBody {
  readonly #held: readonly Uint8Array[]
  readonly #rest: Encoded
  readonly whole: readonly Uint8Array[] | undefined
  #totals: EncodedTotals | undefined

  private constructor(held: readonly Uint8Array[], rest: Encoded, totals?: EncodedTotals) {
    this.#held = held
    this.#rest = rest
    this.whole = totals && held
    this.#totals = totals
  }

  static async hold(encoded: Encoded, bytesMax: number): Promise<HeldBody> {
    const held: Uint8Array[] = []
    for (let bytes = 0; bytes < bytesMax; ) {
      const next = await encoded.next()
      if (next.done) return new HeldBody(held, encoded, next.value)
      held.push(next.value)
      bytes += next.value.length
    }
    return new HeldBody(held, encoded)
  }

  /** Known at once where the result was short, and in any case after the last byte. */
  get totals(): EncodedTotals | undefined {
    return this.#totals
  }

  async *bytes(): AsyncGenerator<Uint8Array, void, undefined> {
    yield* this.#held
    while (this.#totals === undefined) {
      const next = await this.#rest.next()
      if (next.done) this.#totals = next.value
      else yield next.value
    }
  }
}
