import { breadthFirst } from '../breadth-first.ts'
import type { Computation } from '../computation.ts'
import { itemColumn } from '../item-rows.ts'
import type { AdjacencyOptions, CentralityOptions, DistanceOptions } from '../options.ts'
import { searchSources } from '../search-sources.ts'
import { stepper } from '../steps.ts'
import { TopRows } from '../top-rows.ts'

/** The length of the shortest s-walk between two, and one such walk (Aksoy et al. 2020). */
export const sDistance: Computation<DistanceOptions> = (hypergraph, options, run) => {
  const { of, source, target } = options
  const walks = breadthFirst(hypergraph, options, run)
  // From the end: then every step of the way back lies on a shortest walk.
  walks.search(target)
  const fromTarget = walks.distances.slice()
  const distance = fromTarget[source] as number
  const path: number[] = []
  if (distance >= 0) {
    let item = source
    path.push(item)
    for (let left = distance - 1; left >= 0; left--) {
      walks.search(item)
      item = nextStep(walks, fromTarget, left)
      path.push(item)
    }
  }
  const shown = path.slice(0, run.rowsMax)
  return {
    columns: [
      { name: 'step', type: 'integer', values: shown.map((_, step) => step) },
      itemColumn(of, shown),
    ],
    rowCount: path.length,
    summary: { distance: distance < 0 ? null : distance, reachable: distance >= 0 },
    approximate: null,
  }
}

/** Of the next ones that are so far from the end, the first. */
function nextStep(
  { reached, distances }: { readonly reached: Uint32Array; readonly distances: Int32Array },
  fromTarget: Int32Array,
  left: number,
): number {
  let best = -1
  for (let at = 1; at < reached.length; at++) {
    const item = reached[at] as number
    if (distances[item] !== 1) break
    if (fromTarget[item] === left && (best < 0 || item < best)) best = item
  }
  return best
}

/** What hangs together by s-walks; components are numbered by their size, the largest 0. */
export const sComponents: Computation<AdjacencyOptions> = (hypergraph, options, run) => {
  const walks = breadthFirst(hypergraph, options, run)
  const { itemCount } = walks
  const found = run.budget.uint32(itemCount)
  const sizes: number[] = []
  const isKnown = run.budget.uint8(itemCount)
  const step = stepper(run, 'components', itemCount)
  for (let item = 0; item < itemCount; item++) {
    step(item)
    if (isKnown[item] === 1) continue
    const count = walks.search(item)
    for (let at = 0; at < count; at++) {
      const member = walks.reached[at] as number
      isKnown[member] = 1
      found[member] = sizes.length
    }
    sizes.push(count)
  }
  const bySize = sizes.map((_, component) => component)
  bySize.sort((a, b) => (sizes[b] as number) - (sizes[a] as number) || a - b)
  const rankOf = new Uint32Array(sizes.length)
  for (const [rank, component] of bySize.entries()) rankOf[component] = rank
  const top = new TopRows(run.rowsMax)
  for (let item = 0; item < itemCount; item++) {
    top.offer(-(rankOf[found[item] as number] as number), item)
  }
  const { firsts, values } = top.sorted()
  return {
    columns: [
      itemColumn(options.of, firsts),
      { name: 'component', type: 'integer', values: values.map((value) => 0 - value) },
      {
        name: 'size',
        type: 'integer',
        values: firsts.map((item) => sizes[found[item] as number] as number),
      },
    ],
    rowCount: itemCount,
    summary: {
      components: sizes.length,
      largest: sizes[bySize[0] ?? -1] ?? 0,
      singletons: sizes.filter((count) => count === 1).length,
    },
    approximate: null,
  }
}

/** The longest of the shortest s-walks, where there is one (Aksoy et al. 2020). */
export const sDiameter: Computation<CentralityOptions> = (hypergraph, options, run) => {
  const walks = breadthFirst(hypergraph, options, run)
  const { items, approximate } = searchSources(walks.itemCount, options, run)
  const step = stepper(run, 'searches', items.length)
  let ends: [number, number] | undefined
  let diameter = 0
  let isConnected = true
  for (const [at, source] of items.entries()) {
    const count = walks.search(source)
    if (count < walks.itemCount) isConnected = false
    const last = walks.reached[count - 1] as number
    const distance = walks.distances[last] as number
    if (ends === undefined || distance > diameter) ends = [source, last]
    diameter = Math.max(diameter, distance)
    step(at)
  }
  const rows = ends === undefined || run.rowsMax === 0 ? [] : [ends]
  return {
    columns: [
      itemColumn(
        options.of,
        rows.map(([from]) => from),
        'source',
      ),
      itemColumn(
        options.of,
        rows.map(([, to]) => to),
        'target',
      ),
      { name: 'distance', type: 'integer', values: rows.map(() => diameter) },
    ],
    rowCount: ends === undefined ? 0 : 1,
    summary: { diameter: ends === undefined ? null : diameter, connected: isConnected },
    approximate: approximate === null ? null : `a lower bound: ${approximate}`,
  }
}
