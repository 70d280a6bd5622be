import type { Computation } from '../computation.ts'
import { itemRows, meanOf } from '../item-rows.ts'
import { MeasureError } from '../measure-error.ts'
import type { ActivityOptions } from '../options.ts'
import { stepper } from '../steps.ts'

const bucketsWanted = 100

/** What happened in each span of time (Holme and Saramäki 2012): hyperedges, nodes, and new nodes. */
export const temporalActivity: Computation<ActivityOptions> = (
  hypergraph,
  { bucket_ms: bucketMs },
  run,
) => {
  const { edgeCount, edgeAt, edgeOffsets, edgeNodes, nodeCount } = hypergraph
  const first = edgeAt[0] ?? 0
  const last = edgeAt[edgeCount - 1] ?? 0
  const unsaid = Math.max(1000, Math.ceil((last - first + 1) / bucketsWanted / 1000) * 1000)
  const width = bucketMs === undefined ? unsaid : Math.round(bucketMs * 1000)
  const start = Math.floor(first / width) * width
  const bucketCount = edgeCount === 0 ? 0 : Math.floor((last - start) / width) + 1
  if (bucketCount > run.rowsMax) {
    throw new MeasureError(
      'too_large',
      `the time from first to last has ${bucketCount} buckets, and an answer at most ${run.rowsMax} rows; say a longer bucket_ms`,
      { limit: 'graph_analytics_rows_max', buckets: bucketCount, rowsMax: run.rowsMax },
    )
  }
  const edges = run.budget.uint32(bucketCount)
  const incidences = run.budget.uint32(bucketCount)
  const active = run.budget.uint32(bucketCount)
  const newcomers = run.budget.uint32(bucketCount)
  const seenIn = run.budget.int32(nodeCount).fill(-1)
  for (let edge = 0; edge < edgeCount; edge++) {
    const bucket = Math.floor(((edgeAt[edge] as number) - start) / width)
    edges[bucket] = (edges[bucket] as number) + 1
    incidences[bucket] = (incidences[bucket] as number) + hypergraph.sizeOf(edge)
    const end = edgeOffsets[edge + 1] as number
    for (let at = edgeOffsets[edge] as number; at < end; at++) {
      const node = edgeNodes[at] as number
      const seen = seenIn[node] as number
      if (seen === bucket) continue
      if (seen === -1) newcomers[bucket] = (newcomers[bucket] as number) + 1
      active[bucket] = (active[bucket] as number) + 1
      seenIn[node] = bucket
    }
  }
  const starts = run.budget.float64(bucketCount).map((_, bucket) => start + bucket * width)
  return {
    columns: [
      { name: 'bucket', type: 'timestamp', values: starts },
      { name: 'hyperedges', type: 'integer', values: edges },
      { name: 'incidences', type: 'integer', values: incidences },
      { name: 'nodes', type: 'integer', values: active },
      { name: 'new_nodes', type: 'integer', values: newcomers },
    ],
    rowCount: bucketCount,
    summary: { bucket_ms: width / 1000, mean: meanOf(edges) },
    approximate: null,
  }
}

/**
 * Burstiness (σ − μ) / (σ + μ) of the times between events, and their memory, the correlation of each
 * with the next (Goh and Barabási 2008). Null with fewer than two such times, or none that differs
 * from 0; memory also where all are alike.
 */
export const temporalBurstiness: Computation<unknown> = (hypergraph, _, run) => {
  const { edgeAt } = hypergraph
  const whole = burstinessOf(edgeAt)
  const summary = { burstiness: orNull(whole.burstiness), memory: orNull(whole.memory) }
  const { itemCount, itemOffsets, itemGroups } = hypergraph.incidences('nodes')
  const { budget } = run
  const burstiness = budget.float64(itemCount)
  const memory = budget.float64(itemCount)
  const events = budget.uint32(itemCount)
  const step = stepper(run, 'nodes', itemCount)
  for (let node = 0; node < itemCount; node++) {
    const edges = itemGroups.subarray(itemOffsets[node], itemOffsets[node + 1])
    const own = burstinessOf(Float64Array.from(edges, (edge) => edgeAt[edge] as number))
    burstiness[node] = own.burstiness
    memory[node] = own.memory
    events[node] = edges.length
    step(node)
  }
  const values = {
    burstiness: { type: 'double' as const, values: burstiness },
    memory: { type: 'double' as const, values: memory },
    events: { type: 'integer' as const, values: events },
  }
  return itemRows({ of: 'nodes', values, summary }, run)
}

function burstinessOf(times: Float64Array): { burstiness: number; memory: number } {
  const count = times.length - 1
  if (count < 2) return { burstiness: Number.NaN, memory: Number.NaN }
  const gaps = Float64Array.from(
    { length: count },
    (_, at) => (times[at + 1] as number) - (times[at] as number),
  )
  const all = momentsOf(gaps)
  const burstiness =
    all.mean + all.deviation === 0
      ? Number.NaN
      : (all.deviation - all.mean) / (all.deviation + all.mean)
  const left = momentsOf(gaps.subarray(0, count - 1))
  const right = momentsOf(gaps.subarray(1))
  let sum = 0
  for (let at = 0; at + 1 < count; at++) {
    sum += ((gaps[at] as number) - left.mean) * ((gaps[at + 1] as number) - right.mean)
  }
  const spread = left.deviation * right.deviation
  return { burstiness, memory: spread === 0 ? Number.NaN : sum / (count - 1) / spread }
}

function momentsOf(values: Float64Array): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean, deviation: Math.sqrt(squares / values.length) }
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value
}
