import { type Adjacency, buildAdjacency } from '../adjacency.ts'
import { breadthFirst } from '../breadth-first.ts'
import type { Computation, Run } from '../computation.ts'
import { itemRows } from '../item-rows.ts'
import type { CentralityOptions } from '../options.ts'
import { searchSources } from '../search-sources.ts'
import { stepper } from '../steps.ts'

/**
 * How many shortest s-walks between others lead over an item, by Brandes' algorithm (2001) on the
 * s-line graph (Aksoy et al. 2020); as a share of the pairs of others, and in pairs.
 */
export const sBetweenness: Computation<CentralityOptions> = (hypergraph, options, run) => {
  const { of, s } = options
  const adjacency = buildAdjacency(hypergraph.incidences(of), run, { s })
  const { itemCount } = adjacency
  const { items, approximate } = searchSources(itemCount, options, run)
  const accumulate = dependencies(adjacency, run)
  const pairs = run.budget.float64(itemCount)
  const step = stepper(run, 'searches', items.length)
  for (const [at, source] of items.entries()) {
    accumulate(source, pairs)
    step(at)
  }
  // Each pair was met from both of its ends, in so far as sources were drawn.
  const scale = items.length === 0 ? 0 : itemCount / items.length / 2
  for (let item = 0; item < itemCount; item++) pairs[item] = (pairs[item] as number) * scale
  const others = ((itemCount - 1) * (itemCount - 2)) / 2
  const shares = run.budget.float64(itemCount)
  for (let item = 0; item < itemCount; item++) {
    shares[item] = others > 0 ? (pairs[item] as number) / others : 0
  }
  const values = {
    betweenness: { type: 'double' as const, values: shares },
    pairs: { type: 'double' as const, values: pairs },
  }
  return itemRows({ of, values, approximate }, run)
}

/** One source's dependencies, added to the sums. */
function dependencies(
  { itemCount, offsets, neighbours }: Adjacency,
  { budget }: Run,
): (source: number, sums: Float64Array) => void {
  const distances = budget.int32(itemCount).fill(-1)
  const order = budget.uint32(itemCount)
  const walks = budget.float64(itemCount)
  const dependency = budget.float64(itemCount)
  const search = (source: number) => {
    distances[source] = 0
    walks[source] = 1
    order[0] = source
    let count = 1
    for (let head = 0; head < count; head++) {
      const item = order[head] as number
      const next = (distances[item] as number) + 1
      const end = offsets[item + 1] as number
      for (let place = offsets[item] as number; place < end; place++) {
        const other = neighbours[place] as number
        if (distances[other] === -1) {
          distances[other] = next
          order[count++] = other
        }
        if (distances[other] === next) {
          walks[other] = (walks[other] as number) + (walks[item] as number)
        }
      }
    }
    return count
  }
  return (source, sums) => {
    const count = search(source)
    for (let at = count - 1; at > 0; at--) {
      const item = order[at] as number
      const before = (distances[item] as number) - 1
      const share = (1 + (dependency[item] as number)) / (walks[item] as number)
      const end = offsets[item + 1] as number
      for (let place = offsets[item] as number; place < end; place++) {
        const other = neighbours[place] as number
        if (distances[other] !== before) continue
        dependency[other] = (dependency[other] as number) + (walks[other] as number) * share
      }
      sums[item] = (sums[item] as number) + (dependency[item] as number)
    }
    for (let at = 0; at < count; at++) {
      const item = order[at] as number
      distances[item] = -1
      walks[item] = 0
      dependency[item] = 0
    }
  }
}

/**
 * The inverse of the mean s-distance to what can be reached, times the share of others that can
 * (Wasserman and Faust 1994; s-closeness of Aksoy et al. 2020). Estimates: Eppstein and Wang 2004.
 */
export const sCloseness: Computation<CentralityOptions> = (hypergraph, options, run) => {
  const { sums, counts, from, itemCount, approximate } = distanceSums(hypergraph, options, run, {
    of: (distance) => distance,
  })
  const closeness = run.budget.float64(itemCount)
  for (let item = 0; item < itemCount; item++) {
    const count = counts[item] as number
    closeness[item] =
      count === 0 ? 0 : (count / (sums[item] as number)) * (count / (from[item] as number))
  }
  const values = { closeness: { type: 'double' as const, values: closeness } }
  return itemRows({ of: options.of, values, approximate }, run)
}

/** Σ 1/d over the others, 0 for those out of reach (Marchiori and Latora 2000); and as a share. */
export const harmonicCentrality: Computation<CentralityOptions> = (hypergraph, options, run) => {
  const { sums, from, itemCount, approximate } = distanceSums(hypergraph, options, run, {
    of: (distance) => 1 / distance,
  })
  const shares = run.budget.float64(itemCount)
  for (let item = 0; item < itemCount; item++) {
    const searches = from[item] as number
    shares[item] = searches === 0 ? 0 : (sums[item] as number) / searches
    sums[item] = (shares[item] as number) * (itemCount - 1)
  }
  const values = {
    harmonic: { type: 'double' as const, values: sums },
    share: { type: 'double' as const, values: shares },
  }
  return itemRows({ of: options.of, values, approximate }, run)
}

interface DistanceSums {
  readonly itemCount: number
  /** By item, over the sources other than it that reach it. */
  readonly sums: Float64Array
  readonly counts: Float64Array
  /** How many sources there were other than it. */
  readonly from: Float64Array
  readonly approximate: string | null
}

/** s-walks go both ways, so that a search from each source gives what each item has to sum. */
function distanceSums(
  hypergraph: Parameters<typeof breadthFirst>[0],
  options: CentralityOptions,
  run: Run,
  value: { readonly of: (distance: number) => number },
): DistanceSums {
  const search = breadthFirst(hypergraph, options, run)
  const { itemCount, distances, reached } = search
  const { items, approximate } = searchSources(itemCount, options, run)
  const sums = run.budget.float64(itemCount)
  const counts = run.budget.float64(itemCount)
  const from = run.budget.float64(itemCount).fill(items.length)
  const step = stepper(run, 'searches', items.length)
  for (const [at, source] of items.entries()) {
    const count = search.search(source)
    for (let place = 1; place < count; place++) {
      const item = reached[place] as number
      sums[item] = (sums[item] as number) + value.of(distances[item] as number)
      counts[item] = (counts[item] as number) + 1
    }
    from[source] = (from[source] as number) - 1
    step(at)
  }
  return { itemCount, sums, counts, from, approximate }
}
