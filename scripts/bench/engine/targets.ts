/**
 * How many times faster than the best peer each workload has to be, at p50 and, where tails are what
 * users feel, at p95. At five million hyperedges scans and groups are bound by memory: 2. A workload
 * without a target is printed only.
 */
export interface Target {
  readonly p50: number
  readonly p95?: number
  readonly p50Large?: number
}

export const targets: Readonly<Record<string, Target>> = {
  a1k: { p50: 10 },
  a100k: { p50: 4 },
  a100ko: { p50: 1.3 },
  btail: { p50: 3 },
  bmid: { p50: 8 },
  bwin: { p50: 10 },
  bhub: { p50: 20 },
  c2: { p50: 5, p95: 10 },
  c3: { p50: 5, p95: 6 },
  d2: { p50: 3 },
  d3: { p50: 2 },
  f1: { p50: 1.5 },
  f2: { p50: 4, p50Large: 2 },
  g1: { p50: 3, p50Large: 2 },
  g2: { p50: 4, p50Large: 2 },
  g3: { p50: 10 },
}

/** Of one durable commit, by its number of hyperedges. */
export const commitTargets: Readonly<Record<number, number>> = {
  1: 1.2,
  100: 3,
  1000: 10,
  10000: 15,
}

export const inFlightTarget = 70_000
export const loadTarget = 2
export const bytesTarget = 1.5
export const openTarget = 1
