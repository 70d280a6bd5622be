/** One measured figure and what it has to reach. */
export interface Figure {
  readonly figure: string
  readonly value: number
  readonly unit: string
  readonly target: { readonly atMost?: number; readonly atLeast?: number }
}

export type Bench = () => Promise<readonly Figure[]>

export interface Pairs {
  readonly ours: readonly number[]
  readonly baseline: readonly number[]
}

const pairsMin = 5

/** Runs both in turn, ours and baseline, after one warm-up of each; times are milliseconds. */
export async function alternate(
  run: { readonly ours: () => Promise<number>; readonly baseline: () => Promise<number> },
  pairs = pairsMin,
): Promise<Pairs> {
  if (pairs < pairsMin) throw new RangeError(`at least ${pairsMin} pairs`)
  await run.ours()
  await run.baseline()
  const ours: number[] = []
  const baseline: number[] = []
  for (let pair = 0; pair < pairs; pair++) {
    ours.push(await run.ours())
    baseline.push(await run.baseline())
  }
  return { ours, baseline }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  const upper = sorted[Math.floor(middle)] ?? Number.NaN
  const lower = sorted[Math.ceil(middle) - 1] ?? Number.NaN
  return (upper + lower) / 2
}

export function describeTimes(name: string, values: readonly number[]): string {
  const list = values.map((value) => value.toFixed(0)).join(' ')
  return `${name}: median ${median(values).toFixed(0)} ms of [${list}]`
}
