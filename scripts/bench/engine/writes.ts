import type { Contender } from './contender.ts'
import type { Dataset } from './dataset.ts'
import { quantile } from './reads.ts'

/** Milliseconds of one durable commit of `size` hyperedges, by contender. */
export interface CommitTimes {
  readonly size: number
  readonly times: ReadonlyMap<string, readonly number[]>
}

/** Commits run in turn, a contender after the other, into what each holds already. */
export async function measureCommits(
  contenders: readonly Contender[],
  rest: { readonly data: Dataset; readonly from: number },
): Promise<readonly CommitTimes[]> {
  const plan = [
    { size: 1, rounds: 200 },
    { size: 100, rounds: 40 },
    { size: 1000, rounds: 20 },
    { size: 10_000, rounds: 5 },
  ]
  let next = rest.from
  const results: CommitTimes[] = []
  for (const { size, rounds } of plan) {
    const times = new Map<string, number[]>(contenders.map(({ name }) => [name, []]))
    for (let round = 0; round < rounds && next + size <= rest.data.edgeCount; round++) {
      for (const contender of contenders) {
        const began = performance.now()
        await contender.commit(rest.data, next, next + size)
        times.get(contender.name)?.push(performance.now() - began)
      }
      next += size
    }
    results.push({ size, times })
  }
  return results
}

/** Durable hyperedges a second with `writers` one-edge commits under way at any time. */
export async function measureInFlight(
  contender: Contender,
  rest: { readonly data: Dataset; readonly from: number; readonly count: number },
  writers: number,
): Promise<number> {
  let next = rest.from
  const end = Math.min(rest.from + rest.count, rest.data.edgeCount)
  const began = performance.now()
  const writer = async () => {
    while (next < end) {
      const edge = next++
      await contender.commit(rest.data, edge, edge + 1)
    }
  }
  await Promise.all(Array.from({ length: writers }, writer))
  return (end - rest.from) / ((performance.now() - began) / 1000)
}

export function describeCommits({ size, times }: CommitTimes): string {
  const each = [...times].map(
    ([name, list]) =>
      `${name} ${quantile(list, 0.5).toFixed(3)} (${quantile(list, 0.95).toFixed(3)})`,
  )
  return `${String(size).padStart(6)} a commit, ms p50 (p95): ${each.join('  ')}`
}
