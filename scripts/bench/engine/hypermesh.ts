import { join } from 'node:path'
import { Database, type Table } from '@hypermesh/engine'
import type { OpenContender } from './contender.ts'
import { at, type Dataset } from './dataset.ts'
import { type Answer, answerOfRows, type Question, type Row } from './workload.ts'

const rowsACommit = 250_000
const columns = ['id', 'at', 'weight', 'label', 'members']

/** The engine through its public interface; members are resolved to the caller's own ids. */
export const openHypermesh: OpenContender = async (directory) => {
  const db = await Database.open(join(directory, 'graph'), { timeUnit: 'us' })
  const edges = await tableOf(db)
  const asked = new Asked(edges)
  return {
    name: 'HyperMesh',
    settings: 'durability sync, index on (label, amt)',
    load: async (data) => {
      // One is encoded while the one before is written.
      let before: Promise<unknown> = Promise.resolve()
      for (let i = 0; i < data.edgeCount; i += rowsACommit) {
        const columns = hyperedgesOf(data, i, Math.min(i + rowsACommit, data.edgeCount))
        const commit = edges.insertColumns(columns)
        await before
        before = commit
      }
      await before
      await db.compact()
    },
    answer: (question) => asked.answer(question),
    dropIndexes: () => edges.dropIndex('by_label_amt'),
    commit: async (data, from, to) => {
      await edges.insertColumns(hyperedgesOf(data, from, to))
    },
    close: () => db.close(),
  }
}

export async function tableOf(db: Database): Promise<Table> {
  if (db.hasTable('edges')) return db.table('edges')
  return db.createTable('edges', {
    properties: { kind: 'int64', qty: 'int64', amt: 'float64' },
    indexes: { by_label_amt: ['label', 'amt'] },
  })
}

export function hyperedgesOf(data: Dataset, from: number, to: number) {
  const first = at(data.offsets, from)
  return {
    at: data.ts.subarray(from, to),
    memberOffsets: moved(data.offsets.subarray(from, to + 1), -first),
    members: data.members.subarray(first, at(data.offsets, to)),
    weight: data.weight.subarray(from, to),
    label: { names: labelNames, codes: moved(data.label.subarray(from, to), 1) },
    props: {
      kind: data.kind.subarray(from, to),
      qty: data.qty.subarray(from, to),
      amt: data.amt.subarray(from, to),
    },
  }
}

const labelNames = Array.from({ length: 512 }, (_, label) => `label ${label}`)

function moved(values: Uint32Array | Uint16Array, by: number): Uint32Array {
  const result = new Uint32Array(values.length)
  for (let i = 0; i < values.length; i++) result[i] = at(values, i) + by
  return result
}

/** Ids are commit numbers from 1 on, and making the table took the first. */
const firstId = 2

class Asked {
  readonly #edges: Table

  constructor(edges: Table) {
    this.#edges = edges
  }

  answer(question: Question): Answer | Promise<Answer> {
    switch (question.op) {
      // Options are written out, as by hand: V8 takes microseconds for a spread of doubles.
      case 'scan': {
        const { from, to } = question.window
        return this.#rows(this.#edges.findSync({ from, to, columns }))
      }
      case 'objects': {
        const { from, to } = question.window
        const batch = this.#edges.findSync({ from, to, columns })
        // The bench names nodes by integers only.
        return answerOfRows(batch.rows() as unknown as readonly Row[], firstId)
      }
      case 'node': {
        const { node: members, window } = question
        if (window === undefined) return this.#rows(this.#edges.findSync({ members, columns }))
        const { from, to } = window
        return this.#rows(this.#edges.findSync({ from, to, members, columns }))
      }
      case 'nodeIds':
        return this.#ids({ members: question.node })
      case 'all':
        return this.#ids({ members: { all: question.nodes } })
      case 'labelAmt':
        return this.#ids({
          where: {
            and: [
              { column: 'label', eq: labelNames[question.label] ?? '' },
              { column: 'amt', gte: question.amtMin },
            ],
          },
        })
      case 'kindQty': {
        const { from, to } = question.window
        return this.#ids({
          from,
          to,
          where: {
            and: [
              { column: 'kind', eq: question.kind },
              { column: 'qty', gte: question.qtyMin, lte: question.qtyMax },
            ],
          },
        })
      }
      case 'nodePerBucket': {
        const groups = this.#edges.aggregateSync({
          members: question.node,
          groupBy: [{ bucketMs: question.bucket / 1000 }],
          measures: { n: 'count' },
        })
        return { count: groups.rowCount, sum: total(groups, 'n') }
      }
      default:
        return this.#analysed(question)
    }
  }

  async #analysed(question: Question): Promise<Answer> {
    switch (question.op) {
      case 'hops': {
        const { node, hops, window } = question
        const reached = await this.#edges.expand({ seeds: [node], hops, ...window })
        const arrivals = reached.values('at') as BigInt64Array
        const hop = reached.values('hop') as Uint32Array
        let sum = 0
        for (let i = 0; i < reached.rowCount; i++) {
          if (hop[i] !== 0) sum += Number(arrivals[i]) - window.from
        }
        return { count: reached.rowCount - 1, sum }
      }
      case 'perBucket': {
        const groups = await this.#edges.aggregate({
          groupBy: [{ bucketMs: question.bucket / 1000 }],
          measures: { n: 'count', total: { sum: 'weight' } },
        })
        return { count: groups.rowCount, sum: total(groups, 'n') + total(groups, 'total') }
      }
      case 'topNodes': {
        const groups = await this.#edges.aggregate({
          ...question.window,
          groupBy: ['node'],
          measures: { n: 'count' },
          top: { by: 'n', count: 10 },
        })
        return { count: groups.rowCount, sum: total(groups, 'n') }
      }
      default:
        throw new Error(`no call for ${question.op}`)
    }
  }

  #rows(batch: ReturnType<Table['findSync']>): Answer {
    const { rowCount, members } = batch
    let sum = this.#sumOfIds(batch)
    for (let i = 0; i < members.length; i++) sum += members[i] as number
    return { count: rowCount, sum }
  }

  #ids(selection: Parameters<Table['findSync']>[0]): Answer {
    const batch = this.#edges.findSync({ ...selection, columns: ['id'] })
    return { count: batch.rowCount, sum: this.#sumOfIds(batch) }
  }

  /** Ids here are consecutive from the first; elsewhere from 0. */
  #sumOfIds({ ids, rowCount }: ReturnType<Table['findSync']>): number {
    let sum = 0
    for (let i = 0; i < rowCount; i++) sum += ids[i] as number
    return sum - rowCount * firstId
  }
}

function total(groups: { values(name: string): ArrayLike<unknown> }, name: string): number {
  const values = groups.values(name)
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i] as number
  return sum
}
