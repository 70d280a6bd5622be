import type { Limits } from '@hypermesh/contract'

/** Of one question to the graph service: conditions with those that join them. */
const partsMax = 1000

/**
 * What one question to the graph service may still have. What does not fit is left to the statement: rows
 * then come in vain, which is slower, where a question that is too large would be no answer.
 */
export class PushRoom {
  #terms: number
  #bytes: number
  #parts = partsMax

  constructor({ graphTermsMax, jsonBodyBytesMax }: Limits) {
    this.#terms = graphTermsMax
    // The rest is for what else the body says.
    this.#bytes = jsonBodyBytesMax / 2
  }

  /** Takes the room for something with so many values and conditions; false: there is none, and none is taken. */
  take(pushed: unknown, counts: { readonly terms: number; readonly parts?: number }): boolean {
    const { terms, parts = 0 } = counts
    if (terms > this.#terms || parts > this.#parts) return false
    const bytes = Buffer.byteLength(JSON.stringify(pushed))
    if (bytes > this.#bytes) return false
    this.#terms -= terms
    this.#parts -= parts
    this.#bytes -= bytes
    return true
  }
}
