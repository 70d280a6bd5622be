import { setImmediate } from 'node:timers/promises'
import type { Expression } from '../language/syntax-tree.ts'

const stepsOfTurn = 1024

/** Divides long work in memory, so that others have their turn and a cancellation is heard of. */
export class Turns {
  readonly #signal: AbortSignal
  #left = stepsOfTurn

  constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  /** Counts what was done; true when it is the turn of others. */
  isOver(steps = 1): boolean {
    this.#left -= steps
    return this.#left <= 0
  }

  /** Throws when the signal was aborted meanwhile. */
  async next(): Promise<void> {
    await setImmediate()
    this.#signal.throwIfAborted()
    this.#left = stepsOfTurn
  }
}

/** Parts of an expression that take about as long as a step. */
const partsOfStep = 8

/** How many steps it is to work a condition out for one row. */
export function stepsOf(expression: Expression | undefined): number {
  return expression === undefined ? 0 : 1 + Math.floor(partsOf(expression) / partsOfStep)
}

function partsOf(node: unknown): number {
  if (typeof node !== 'object' || node === null) return 0
  // Looked up, however many there are.
  if (Reflect.get(node, 'kind') === 'list') return 1
  return Object.values(node).reduce((sum: number, part: unknown) => sum + partsOf(part), 1)
}
