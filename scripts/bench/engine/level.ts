import { join } from 'node:path'
import { type OpenContender, peer, versionOf } from './contender.ts'
import { at, type Dataset } from './dataset.ts'
import { earliestArrivalsAsync, type Hop } from './hops.ts'
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
import { type Answer, answerOfRows, type Question, type Window } from './workload.ts'

interface Operation {
  readonly type: 'put'
  readonly key: Buffer
  readonly value: Buffer
}
interface Iterator {
  all(): Promise<[Buffer, Buffer][]>
}
interface Level {
  open(): Promise<void>
  batch(operations: Operation[], options: { readonly sync: boolean }): Promise<void>
  getMany(keys: Buffer[]): Promise<(Buffer | undefined)[]>
  iterator(range: object): Iterator
  keys(range: object): { all(): Promise<Buffer[]> }
  compactRange(from: Buffer, to: Buffer): Promise<void>
  close(): Promise<void>
}

const empty = Buffer.alloc(0)
const latest = 2 ** 52

export const openLevel: OpenContender = async (directory) => {
  const { ClassicLevel } = peer<{ ClassicLevel: new (path: string, options: object) => Level }>(
    'classic-level',
  )
  const db = new ClassicLevel(join(directory, 'peer.level'), {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    cacheSize: 256 * 2 ** 20,
    writeBufferSize: 64 * 2 ** 20,
  })
  await db.open()
  return {
    name: 'LevelDB',
    settings: `${versionOf('classic-level')}, sync: true, 256 MiB cache`,
    load: async (data) => {
      for (let i = 0; i < data.edgeCount; i += 20_000) {
        const last = Math.min(i + 20_000, data.edgeCount)
        await db.batch(operationsOf(data, i, last), { sync: last === data.edgeCount })
      }
      await db.compactRange(Buffer.from([0]), Buffer.from([255]))
    },
    answer: (question) => answer(db, question),
    commit: (data, from, to) => db.batch(operationsOf(data, from, to), { sync: true }),
    close: () => db.close(),
  }
}

function operationsOf(data: Dataset, from: number, to: number): Operation[] {
  const operations: Operation[] = []
  for (let i = from; i < to; i++) {
    const ts = at(data.ts, i)
    operations.push({ type: 'put', key: edgeKey(ts, i), value: recordOf(data, i) })
    for (let m = at(data.offsets, i); m < at(data.offsets, i + 1); m++) {
      operations.push({ type: 'put', key: nodeKey(at(data.members, m), ts, i), value: empty })
    }
  }
  return operations
}

function answer(db: Level, question: Question): Promise<Answer> | undefined {
  switch (question.op) {
    case 'scan':
      return scan(db, question.window)
    case 'objects':
      return entriesOf(db, question.window).then((entries) =>
        answerOfRows(entries.map(([key, record]) => objectOf(key, record))),
      )
    case 'node':
      return edgesOf(db, question.node, question.window).then((edges) =>
        sumOf(edges.map(({ id, record }) => id + sumOfMembers(record))),
      )
    case 'nodeIds':
      return idsIn(db, question.node).then(sumOf)
    case 'all':
      return together(db, question.nodes)
    case 'hops':
      return earliestArrivalsAsync(
        async (node, window): Promise<Iterable<Hop>> =>
          (await edgesOf(db, node, window)).map(({ ts, record }) => ({
            ts,
            members: membersOf(record),
          })),
        question,
      )
    default:
      return undefined
  }
}

function entriesOf(db: Level, { from, to }: Window) {
  const range = { gte: edgeKey(from, 0), lt: edgeKey(to, 0), highWaterMarkBytes: 2 ** 20 }
  return db.iterator(range).all()
}

async function scan(db: Level, window: Window): Promise<Answer> {
  const entries = await entriesOf(db, window)
  return sumOf(entries.map(([key, record]) => idOf(key) + sumOfMembers(record)))
}

async function edgesOf(db: Level, node: number, window: Window = { from: 0, to: latest }) {
  const keys = await db.keys(rangeOf(node, window)).all()
  const edges = keys.map(edgeKeyOf)
  const records = await db.getMany(edges)
  return edges.flatMap((key, i) => {
    const record = records[i]
    return record === undefined ? [] : [{ id: idOf(key), ts: tsOf(key), record }]
  })
}

function rangeOf(node: number, window: Window) {
  return {
    gte: nodeKey(node, window.from, 0),
    lt: nodeKey(node, window.to, 0),
    highWaterMarkBytes: 2 ** 20,
  }
}

async function idsIn(db: Level, node: number): Promise<number[]> {
  const keys = await db.keys(rangeOf(node, { from: 0, to: latest })).all()
  return keys.map(idOf)
}

async function together(db: Level, nodes: readonly number[]): Promise<Answer> {
  const lists = await Promise.all(nodes.map((node) => idsIn(db, node)))
  const [shortest = [], ...others] = lists.sort((a, b) => a.length - b.length)
  const sets = others.map((list) => new Set(list))
  return sumOf(shortest.filter((id) => sets.every((set) => set.has(id))))
}

function sumOf(values: readonly number[]): Answer {
  return { count: values.length, sum: values.reduce((sum, value) => sum + value, 0) }
}
