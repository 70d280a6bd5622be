/** Time as services see it, so that tests can turn it by hand. */
export interface Clock {
  /** Wall-clock milliseconds since 1970, UTC. */
  nowMs(): number
  /** Milliseconds from an arbitrary start that never run backwards; for spans and deadlines. */
  monotonicMs(): number
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
}
