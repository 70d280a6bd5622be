import { stringifyJson } from '@hypermesh/contract'
import type { AnsweredRequest } from './commit-record.ts'

export interface DatedAnswer extends AnsweredRequest {
  readonly atMs: number
}

export interface AnswerRetention {
  readonly countMax: number
  readonly ageMsMax: number
  /** Of all answers together: a client chooses how long some of them are. */
  readonly bytesMax: number
}

/** What requests under idempotency keys were answered, the oldest forgotten first. */
export class HeldAnswers {
  readonly #retention: AnswerRetention
  readonly #held = new Map<string, { readonly answer: DatedAnswer; readonly bytes: number }>()
  #bytes = 0

  constructor(retention: AnswerRetention) {
    this.#retention = retention
  }

  get(key: string): DatedAnswer | undefined {
    return this.#held.get(key)?.answer
  }

  /** The oldest first. */
  all(): DatedAnswer[] {
    return [...this.#held.values()].map(({ answer }) => answer)
  }

  put(answer: DatedAnswer): void {
    const bytes = stringifyJson(answer).length
    this.#remove(answer.key)
    this.#held.set(answer.key, { answer, bytes })
    this.#bytes += bytes
  }

  /** By the clock of records, so that every process forgets the same ones. */
  forgetOld(nowMs: number): void {
    const { countMax, ageMsMax, bytesMax } = this.#retention
    for (const [key, { answer }] of this.#held) {
      const isFull = this.#held.size > countMax || this.#bytes > bytesMax
      if (!isFull && nowMs - answer.atMs <= ageMsMax) return
      this.#remove(key)
    }
  }

  #remove(key: string): void {
    this.#bytes -= this.#held.get(key)?.bytes ?? 0
    this.#held.delete(key)
  }
}
