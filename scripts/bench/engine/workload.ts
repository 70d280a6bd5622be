import { Random } from '../../../services/graph/src/analytics/random.ts'
import { at, type Dataset, type Order } from './dataset.ts'

/** What an answer is checked by: equal for all contenders, or the bench stops. */
export interface Answer {
  readonly count: number
  readonly sum: number
}

/** A hyperedge as an object, whichever names and kinds of lists a database gives. */
export interface Row {
  readonly id: number
  readonly members: ArrayLike<number>
}

export interface Window {
  readonly from: number
  readonly to: number
}

export type Question =
  | { readonly op: 'scan'; readonly window: Window }
  | { readonly op: 'objects'; readonly window: Window }
  | { readonly op: 'node'; readonly node: number; readonly window?: Window }
  | { readonly op: 'nodeIds'; readonly node: number }
  | { readonly op: 'all'; readonly nodes: readonly number[] }
  | { readonly op: 'hops'; readonly node: number; readonly window: Window; readonly hops: number }
  | { readonly op: 'labelAmt'; readonly label: number; readonly amtMin: number }
  | {
      readonly op: 'kindQty'
      readonly kind: number
      readonly qtyMin: number
      readonly qtyMax: number
      readonly window: Window
    }
  | { readonly op: 'perBucket'; readonly bucket: number }
  | { readonly op: 'topNodes'; readonly window: Window }
  | { readonly op: 'nodePerBucket'; readonly node: number; readonly bucket: number }

export interface Workload {
  /** As in the report's tables, e.g. `c2`. */
  readonly name: string
  readonly what: string
  readonly questions: readonly Question[]
  /** Whether property indexes are dropped before; such workloads come last. */
  readonly withoutIndexes?: true
}

/** The answer that objects, one a hyperedge, give. */
export function answerOfRows(rows: readonly Row[], firstId = 0): Answer {
  let sum = 0
  for (const { id, members } of rows) {
    sum += id - firstId
    for (let i = 0; i < members.length; i++) sum += members[i] as number
  }
  return { count: rows.length, sum }
}

/** Questions drawn from the data with a fixed seed; those of one workload are all different. */
export function workloadsOf(data: Dataset, order: Order): readonly Workload[] {
  const draw = new Draw(data, order)
  const many = (count: number, make: () => Question) => Array.from({ length: count }, make)
  const bucket = draw.bucket()
  const narrow = many(100, () => draw.scan(1000))
  const wide = Array.from({ length: 12 }, () => draw.scan(100_000))
  const workloads: Workload[] = [
    { name: 'a1k', what: 'scan of 1,000', questions: narrow },
    { name: 'a100k', what: 'scan of 100,000', questions: wide },
    {
      name: 'a100ko',
      what: 'scan of 100,000, objects',
      questions: wide.map(({ window }) => ({ op: 'objects', window })),
    },
    { name: 'btail', what: 'node of degree 3–8', questions: many(300, () => draw.node(3, 8)) },
    { name: 'bmid', what: 'node of degree 50–200', questions: many(200, () => draw.node(50, 200)) },
    { name: 'bwin', what: 'hub in 1 % of time', questions: many(200, () => draw.hubWindow()) },
    { name: 'bhub', what: 'all ids of a hub', questions: many(30, () => draw.hubIds()) },
    { name: 'c2', what: 'all of 2 nodes', questions: many(200, () => draw.all(2)) },
    { name: 'c3', what: 'all of 3 nodes', questions: many(200, () => draw.all(3)) },
    { name: 'd2', what: '2 strict hops in 10,000', questions: many(40, () => draw.hops(2)) },
    { name: 'd3', what: '3 strict hops in 10,000', questions: many(16, () => draw.hops(3)) },
    { name: 'f1', what: 'label and amt, index', questions: many(60, () => draw.labelAmt()) },
    { name: 'f2', what: 'kind and qty, 10 % of time', questions: many(40, () => draw.kindQty()) },
    { name: 'g1', what: 'count and sum per bucket', questions: [{ op: 'perBucket', bucket }] },
    { name: 'g2', what: 'top 10 nodes, 10 % of time', questions: many(16, () => draw.topNodes()) },
    {
      name: 'g3',
      what: 'hub per bucket',
      questions: many(30, () => ({ op: 'nodePerBucket', node: draw.hub(), bucket })),
    },
  ]
  const f1 = workloads.find(({ name }) => name === 'f1')
  return [
    ...workloads,
    {
      name: 'f1scan',
      what: 'label and amt, no index',
      questions: f1?.questions.slice(0, 20) ?? [],
      withoutIndexes: true,
    },
  ]
}

class Draw {
  readonly #data: Dataset
  readonly #order: Order
  readonly #random = new Random(7)
  readonly #hubs: readonly number[]
  readonly #byAmt: Float64Array

  constructor(data: Dataset, order: Order) {
    this.#data = data
    this.#order = order
    const nodes = Array.from({ length: data.nodeCount }, (_, i) => i)
    nodes.sort((a, b) => at(order.degree, b) - at(order.degree, a))
    this.#hubs = nodes.slice(0, 50)
    this.#byAmt = data.amt.slice().sort()
  }

  hub(): number {
    return this.#hubs[this.#random.below(this.#hubs.length)] as number
  }

  scan(rows: number): { readonly op: 'scan'; readonly window: Window } {
    return { op: 'scan', window: this.#window(Math.min(rows, this.#data.edgeCount >> 1)) }
  }

  node(degreeMin: number, degreeMax: number): Question {
    for (;;) {
      const node = this.#random.below(this.#data.nodeCount)
      const degree = at(this.#order.degree, node)
      if (degree >= degreeMin && degree <= degreeMax) return { op: 'node', node }
    }
  }

  hubWindow(): Question {
    const window = this.#window(Math.ceil(this.#data.edgeCount / 100))
    return { op: 'node', node: this.hub(), window }
  }

  hubIds(): Question {
    return { op: 'nodeIds', node: this.hub() }
  }

  /** Members of one edge; every second time its most popular ones. */
  all(count: number): Question {
    const { offsets, members } = this.#data
    for (;;) {
      const edge = this.#random.below(this.#data.edgeCount)
      const nodes = [...members.subarray(at(offsets, edge), at(offsets, edge + 1))]
      if (nodes.length < count) continue
      if (this.#random.unit() < 0.5) {
        nodes.sort((a, b) => at(this.#order.degree, b) - at(this.#order.degree, a))
      }
      return { op: 'all', nodes: nodes.slice(0, count) }
    }
  }

  hops(hops: number): Question {
    const rank = this.#rank(10_000)
    const edge = at(this.#order.byTime, rank)
    const node = at(this.#data.members, at(this.#data.offsets, edge))
    return { op: 'hops', node, hops, window: this.#windowAt(rank, 10_000) }
  }

  labelAmt(): Question {
    const label = at(this.#data.label, this.#random.below(this.#data.edgeCount))
    const share = 0.98 + this.#random.unit() * 0.01
    const amtMin = at(this.#byAmt, Math.floor(this.#byAmt.length * share))
    return { op: 'labelAmt', label, amtMin }
  }

  kindQty(): Question {
    const edge = this.#random.below(this.#data.edgeCount)
    const qtyMin = at(this.#data.qty, edge)
    const window = this.#window(Math.ceil(this.#data.edgeCount / 10))
    return { op: 'kindQty', kind: at(this.#data.kind, edge), qtyMin, qtyMax: qtyMin + 99, window }
  }

  topNodes(): Question {
    return { op: 'topNodes', window: this.#window(Math.ceil(this.#data.edgeCount / 10)) }
  }

  /** So wide that there are about 200. */
  bucket(): number {
    const { sortedTs } = this.#order
    const span = at(sortedTs, sortedTs.length - 1) - at(sortedTs, 0)
    return Math.max(1, Math.ceil(span / 200))
  }

  #rank(rows: number): number {
    return this.#random.below(Math.max(1, this.#data.edgeCount - rows - 1))
  }

  #window(rows: number): Window {
    return this.#windowAt(this.#rank(rows), rows)
  }

  #windowAt(rank: number, rows: number): Window {
    const { sortedTs } = this.#order
    const end = Math.min(rank + rows, sortedTs.length - 1)
    return { from: at(sortedTs, rank), to: at(sortedTs, end) }
  }
}
