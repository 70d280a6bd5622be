import { Random } from '../../../services/graph/src/analytics/random.ts'
import { aliasSampler } from './alias-sampler.ts'
import { at, type Dataset } from './dataset.ts'

const seed = 20260821
const recentMax = 1024

/**
 * Arity 2 … 20 with P(s) ∝ s^−1.8, node popularity Zipf(0.9), half the edges built on the members of a
 * recent edge, on/off bursts with Pareto gaps, 1 % late arrivals of up to an hour.
 */
export function synthetic(edgeCount: number, nodeCount: number): Dataset {
  const random = new Random(seed)
  const arities = aliasSampler(
    Float64Array.from({ length: 19 }, (_, i) => (i + 2) ** -1.8),
    random,
  )
  const popularity = aliasSampler(
    Float64Array.from({ length: nodeCount }, (_, i) => (i + 1) ** -0.9),
    random,
  )
  const nodeOfRank = shuffled(nodeCount, random)
  const offsets = new Uint32Array(edgeCount + 1)
  let members = new Uint32Array(edgeCount * 5)
  let used = 0
  const seen = new Uint32Array(nodeCount)
  for (let edge = 0; edge < edgeCount; edge++) {
    const arity = arities() + 2
    if (used + 32 > members.length) members = grown(members)
    const first = used
    const add = (node: number) => {
      if (seen[node] === edge + 1) return
      seen[node] = edge + 1
      members[used++] = node
    }
    if (edge > 0 && random.unit() < 0.5) {
      const recent = edge - 1 - random.below(Math.min(edge, recentMax))
      for (let m = at(offsets, recent); m < at(offsets, recent + 1); m++) {
        if (used - first < arity) add(at(members, m))
      }
    }
    while (used - first < arity) add(at(nodeOfRank, popularity()))
    offsets[edge + 1] = used
  }
  return {
    name: `synthetic ${edgeCount}`,
    edgeCount,
    nodeCount,
    ts: bursts(edgeCount, random),
    offsets,
    members: members.slice(0, used),
    weight: Float64Array.from({ length: edgeCount }, () => Math.fround(random.unit())),
    label: Uint16Array.from({ length: edgeCount }, () => random.below(16)),
    kind: Int32Array.from({ length: edgeCount }, () => random.below(32)),
    qty: Int32Array.from({ length: edgeCount }, () => random.below(1000)),
    amt: Float64Array.from({ length: edgeCount }, () => Math.round(random.unit() ** 2 * 1e6) / 100),
  }
}

/** Starts on 2026-01-01; within a burst tens of milliseconds apart, between bursts Pareto(1.5) seconds. */
function bursts(edgeCount: number, random: Random): Float64Array {
  const ts = new Float64Array(edgeCount)
  let now = Date.UTC(2026, 0, 1)
  let left = 0
  for (let edge = 0; edge < edgeCount; edge++) {
    if (left-- <= 0) {
      left = 20 + random.below(200)
      now += Math.min(1000 * random.unit() ** (-1 / 1.5), 3_600_000)
    }
    now += random.below(40)
    const late = random.unit() < 0.01 ? random.below(3_600_000) : 0
    ts[edge] = Math.floor(now - late) * 1000
  }
  return ts
}

function shuffled(count: number, random: Random): Uint32Array {
  const values = Uint32Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) {
    const j = random.below(i + 1)
    const value = at(values, i)
    values[i] = at(values, j)
    values[j] = value
  }
  return values
}

function grown(values: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(values.length * 2)
  larger.set(values)
  return larger
}
