import { type HnswIndex, SlotSet } from '@hypermesh/hnsw'
import type { Figure } from '../figures.ts'
import { cpuSeconds, k } from './contender.ts'
import { type Hnswlib, truthOf } from './contenders.ts'
import { queriesOf, queryAt, type VectorData } from './dataset.ts'
import { recallOf } from './ladder.ts'
import { correlatedRecallTarget, filterTargets } from './targets.ts'

const ef = 64
const theirQueries = 100

/** Filters that know nothing of the vectors, against the callback that hnswlib-node takes. */
export function measureFilters(data: VectorData, ours: HnswIndex, theirs: Hnswlib): Figure[] {
  return Object.entries(filterTargets).flatMap(([name, target]) => {
    const share = Number.parseFloat(name) / 100
    const rows = rowsWhere(data, (row) => (Math.imul(row, 2654435761) >>> 0) / 2 ** 32 < share)
    const allow = SlotSet.from(rows, data.count)
    const queries = queriesOf(data)
    const options = { k, ef, allow }
    const search = (query: Float32Array) => [...(ours.searchSync(query, options)?.slots ?? [])]
    const truth = truthOf(data, rows)
    const recall = recallOf(queries.map(search), truth)
    const ourRate = rateOf(queries, (query) => ours.searchSync(query, options))
    const allowed = new Uint8Array(data.count)
    for (const row of rows) allowed[row] = 1
    theirs.index.setEf(ef)
    const arrays = queries.slice(0, theirQueries).map((query) => Array.from(query))
    const searchTheirs = (query: number[]) =>
      theirs.index.searchKnn(query, k, (row) => allowed[row] === 1)
    const theirFound = arrays.map((query) => searchTheirs(query).neighbors)
    const theirRecall = recallOf(theirFound, truth.slice(0, theirQueries))
    const theirRate = rateOf(arrays, searchTheirs)
    const strategy = ours.searchSync(queries[0] as Float32Array, options)?.strategy
    console.log(
      `filter ${name}: ${strategy}, recall ${recall.toFixed(4)}, ${ourRate.toFixed(0)}/s, ` +
        `hnswlib-node recall ${theirRecall.toFixed(4)}, ${theirRate.toFixed(0)}/s`,
    )
    const figure = `${data.name}-filter-${name}`
    return [
      {
        figure,
        value: ourRate / theirRate,
        unit: '× hnswlib-node',
        target: { atLeast: target.speed },
      },
      { figure: `${figure}-recall`, value: recall, unit: '', target: { atLeast: target.recall } },
    ]
  })
}

/** For queries of each class, filters that allow one other class. */
export function measureCorrelated(data: VectorData, ours: HnswIndex): Figure[] {
  const { classes } = data
  if (classes === undefined) return []
  let worst = 1
  let short = 0
  for (let own = 0; own < 10; own++) {
    const numbers = [...classes.queries.keys()].filter((query) => classes.queries[query] === own)
    const queries = new Float32Array(numbers.length * data.dimension)
    numbers.forEach((query, at) => {
      queries.set(queryAt(data, query), at * data.dimension)
    })
    for (const other of [(own + 1) % 10, (own + 3) % 10, (own + 5) % 10]) {
      const rows = rowsWhere(data, (row) => classes.vectors[row] === other)
      const allow = SlotSet.from(rows, data.count)
      const results = numbers.map((query) =>
        ours.searchSync(queryAt(data, query), { k, ef, allow }),
      )
      short += results.filter((result) => result?.counts[0] !== k).length
      const found = results.map((result) => [...(result?.slots ?? [])])
      worst = Math.min(worst, recallOf(found, truthOf(data, rows, queries)))
    }
  }
  const figure = `${data.name}-correlated`
  console.log(`one other class than the query's: worst recall ${worst.toFixed(4)}, ${short} short`)
  return [
    { figure, value: worst, unit: 'recall', target: { atLeast: correlatedRecallTarget } },
    { figure: `${figure}-short`, value: short, unit: 'queries', target: { atMost: 0 } },
  ]
}

function rowsWhere({ count }: VectorData, wanted: (row: number) => boolean): Uint32Array {
  return Uint32Array.from({ length: count }, (_, row) => row).filter(wanted)
}

function rateOf<Query>(queries: readonly Query[], search: (query: Query) => unknown): number {
  const from = cpuSeconds()
  for (const query of queries) search(query)
  return queries.length / (cpuSeconds() - from)
}
