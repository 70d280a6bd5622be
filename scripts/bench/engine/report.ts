import type { Figure } from '../figures.ts'
import { quantile, type Timing } from './reads.ts'
import { targets } from './targets.ts'

export const ours = 'HyperMesh'

/** A line a workload: p50 and p95 of everyone, in milliseconds. */
export function describeTiming({ workload, times }: Timing): string {
  const each = [...times]
    .filter(([, list]) => list.length > 0)
    .map(
      ([name, list]) =>
        `${name} ${quantile(list, 0.5).toFixed(3)} (${quantile(list, 0.95).toFixed(3)})`,
    )
  return `${workload.name.padEnd(6)} ${workload.what.padEnd(27)} ${each.join('  ')}`
}

/** Ours against the best peer at p50 and at p95, each with its own best. */
export function figuresOf(
  { workload, times }: Timing,
  prefix: string,
  size: 'large' | 'usual',
): Figure[] {
  const target = targets[workload.name]
  if (target === undefined) return []
  const p50 = size === 'large' ? (target.p50Large ?? target.p50) : target.p50
  const figure = `${prefix}-${workload.name}`
  const figures: Figure[] = [
    { figure, value: ratio(times, 0.5), unit: '× best peer', target: { atLeast: p50 } },
  ]
  if (target.p95 !== undefined) {
    const tail = { value: ratio(times, 0.95), unit: '× best peer', target: { atLeast: target.p95 } }
    figures.push({ figure: `${figure}-p95`, ...tail })
  }
  return figures
}

export function ratio(times: ReadonlyMap<string, readonly number[]>, share: number): number {
  const peers = [...times].filter(([name, list]) => name !== ours && list.length > 0)
  const best = Math.min(...peers.map(([, list]) => quantile(list, share)))
  return best / quantile(times.get(ours) ?? [], share)
}
