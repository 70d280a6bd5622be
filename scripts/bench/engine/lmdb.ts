import { join } from 'node:path'
import { type OpenContender, peer, versionOf } from './contender.ts'
import { at, type Dataset } from './dataset.ts'
import { earliestArrivals } from './hops.ts'
import {
  edgeKey,
  edgeKeyOf,
  idOf,
  membersOf,
  nodeKey,
  objectOf,
  recordOf,
  sumOfMembers,
  tsOf,
} from './kv.ts'
import { type Answer, answerOfRows, type Question, type Row, type Window } from './workload.ts'

interface Range {
  readonly start: Buffer
  readonly end: Buffer
}
interface Lmdb {
  put(key: Buffer, value: Buffer): Promise<boolean>
  transaction<T>(run: () => T): Promise<T>
  transactionSync<T>(run: () => T): T
  putSync(key: Buffer, value: Buffer): void
  getBinary(key: Buffer): Buffer | undefined
  getRange(range: Range): Iterable<{ key: Buffer; value: Buffer }>
  getKeys(range: Range): Iterable<Buffer>
  close(): Promise<void>
}

const empty = Buffer.alloc(0)
const latest = 2 ** 52

export const openLmdb: OpenContender = async (directory) => {
  const { open } = peer<{ open(options: object): Lmdb }>('lmdb')
  const db = open({
    path: join(directory, 'peer.lmdb'),
    keyEncoding: 'binary',
    encoding: 'binary',
    mapSize: 16 * 2 ** 30,
    // A commit resolves once it is flushed, as ours does.
    overlappingSync: false,
  })
  const put = (data: Dataset, from: number, to: number) => {
    for (let i = from; i < to; i++) {
      const ts = at(data.ts, i)
      db.putSync(edgeKey(ts, i), recordOf(data, i))
      for (let m = at(data.offsets, i); m < at(data.offsets, i + 1); m++) {
        db.putSync(nodeKey(at(data.members, m), ts, i), empty)
      }
    }
  }
  return {
    name: 'LMDB',
    settings: `${versionOf('lmdb')}, synced commits, overlappingSync off`,
    load: async (data) => {
      for (let i = 0; i < data.edgeCount; i += 50_000) {
        db.transactionSync(() => put(data, i, Math.min(i + 50_000, data.edgeCount)))
      }
    },
    answer: (question) => answer(db, question),
    commit: (data, from, to) => db.transaction(() => put(data, from, to)),
    close: () => db.close(),
  }
}

function answer(db: Lmdb, question: Question): Answer | undefined {
  switch (question.op) {
    case 'scan': {
      const { from, to } = question.window
      let count = 0
      let sum = 0
      for (const { key, value } of db.getRange({ start: edgeKey(from, 0), end: edgeKey(to, 0) })) {
        count++
        sum += idOf(key) + sumOfMembers(value)
      }
      return { count, sum }
    }
    case 'objects': {
      const { from, to } = question.window
      const rows: Row[] = []
      for (const { key, value } of db.getRange({ start: edgeKey(from, 0), end: edgeKey(to, 0) })) {
        rows.push(objectOf(key, value))
      }
      return answerOfRows(rows)
    }
    case 'node': {
      let count = 0
      let sum = 0
      for (const { id, record } of edgesOf(db, question.node, question.window)) {
        count++
        sum += id + sumOfMembers(record)
      }
      return { count, sum }
    }
    case 'nodeIds':
      return idsOf(db.getKeys(rangeOf(question.node)))
    case 'all':
      return together(db, question.nodes)
    case 'hops':
      return earliestArrivals(function* (node, window) {
        for (const { ts, record } of edgesOf(db, node, window)) {
          yield { ts, members: membersOf(record) }
        }
      }, question)
    default:
      // Filters and groups are full scans here; the report's measurements have them 40 times slower.
      return undefined
  }
}

function rangeOf(node: number, window: Window = { from: 0, to: latest }): Range {
  return { start: nodeKey(node, window.from, 0), end: nodeKey(node, window.to, 0) }
}

function* edgesOf(db: Lmdb, node: number, window?: Window) {
  for (const key of db.getKeys(rangeOf(node, window))) {
    const edge = edgeKeyOf(key)
    const record = db.getBinary(edge)
    if (record !== undefined) yield { id: idOf(edge), ts: tsOf(edge), record }
  }
}

/** Reads the node of fewest edges first, then asks for each of its edges whether the others have it. */
function together(db: Lmdb, nodes: readonly number[]): Answer {
  const lists = nodes.map((node) => idsIn(db, node)).sort((a, b) => a.length - b.length)
  const [shortest = [], ...others] = lists
  const sets = others.map((list) => new Set(list))
  const found = shortest.filter((id) => sets.every((set) => set.has(id)))
  return { count: found.length, sum: found.reduce((sum, id) => sum + id, 0) }
}

function idsIn(db: Lmdb, node: number): number[] {
  const ids: number[] = []
  for (const key of db.getKeys(rangeOf(node))) ids.push(idOf(key))
  return ids
}

function idsOf(keys: Iterable<Buffer>): Answer {
  let count = 0
  let sum = 0
  for (const key of keys) {
    count++
    sum += idOf(key)
  }
  return { count, sum }
}
