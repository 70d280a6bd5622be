import { join } from 'node:path'
import { type OpenContender, peer, versionOf } from './contender.ts'
import { at, type Dataset } from './dataset.ts'
import { earliestArrivals } from './hops.ts'
import { type Answer, answerOfRows, type Question, type Window } from './workload.ts'

interface Statement {
  run(...values: unknown[]): unknown
  all(...values: unknown[]): unknown[][]
  iterate(...values: unknown[]): IterableIterator<unknown[]>
  raw(): Statement
}
interface Sqlite {
  pragma(text: string): unknown
  exec(text: string): unknown
  prepare(text: string): Statement
  transaction<A extends unknown[]>(run: (...values: A) => void): (...values: A) => void
  close(): void
}

interface Scanned {
  readonly id: number
  readonly ts: number
  readonly weight: number
  readonly label: number
  readonly members: Buffer
}

const tables = `
  CREATE TABLE IF NOT EXISTS he(id INTEGER PRIMARY KEY, ts INTEGER, weight REAL, label INTEGER,
    kind INTEGER, qty INTEGER, amt REAL, members BLOB);
  CREATE TABLE IF NOT EXISTS inc(node INTEGER, ts INTEGER, he INTEGER,
    PRIMARY KEY(node, ts, he)) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS he_ts ON he(ts);
  CREATE INDEX IF NOT EXISTS he_label_amt ON he(label, amt);`

/** Hyperedges with their members as a blob, an incidence table by (node, ts). */
export const openSqlite: OpenContender = async (directory) => {
  const Database = peer<new (path: string) => Sqlite>('better-sqlite3')
  const db = new Database(join(directory, 'peer.sqlite'))
  // The package's build has NORMAL as its default in WAL mode: commits would not be synced.
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.pragma('cache_size = -262144')
  db.exec(tables)
  const edge = db.prepare('INSERT INTO he VALUES (?,?,?,?,?,?,?,?)')
  const incidence = db.prepare('INSERT INTO inc VALUES (?,?,?)')
  const insert = db.transaction((data: Dataset, from: number, to: number) => {
    for (let i = from; i < to; i++) {
      const members = data.members.slice(at(data.offsets, i), at(data.offsets, i + 1))
      const ts = BigInt(at(data.ts, i))
      edge.run(
        i,
        ts,
        at(data.weight, i),
        at(data.label, i),
        at(data.kind, i),
        at(data.qty, i),
        at(data.amt, i),
        Buffer.from(members.buffer),
      )
      for (const node of members) incidence.run(node, ts, i)
    }
  })
  const answers = answersOf(db)
  return {
    name: 'SQLite',
    settings: `${versionOf('better-sqlite3')}, WAL, synchronous=FULL (the package's default is weaker)`,
    load: async (data) => {
      for (let i = 0; i < data.edgeCount; i += 50_000) {
        insert(data, i, Math.min(i + 50_000, data.edgeCount))
      }
      db.pragma('wal_checkpoint(TRUNCATE)')
      db.exec('ANALYZE')
    },
    answer: answers,
    dropIndexes: () => {
      db.exec('DROP INDEX he_label_amt')
    },
    commit: insert,
    close: async () => db.close(),
  }
}

function answersOf(db: Sqlite): (question: Question) => Answer {
  const raw = (text: string) => db.prepare(text).raw()
  const scanText = 'SELECT id, ts, weight, label, members FROM he WHERE ts >= ? AND ts < ?'
  const scan = raw(scanText)
  const scanned = db.prepare(scanText)
  const node = raw(`SELECT id, he.ts, weight, label, members FROM inc JOIN he ON he.id = inc.he
    WHERE inc.node = ? AND inc.ts >= ? AND inc.ts < ?`)
  const nodeIds = raw('SELECT he FROM inc WHERE node = ?')
  const two = raw(`SELECT a.he FROM inc a JOIN inc b ON b.node = ? AND b.ts = a.ts AND b.he = a.he
    WHERE a.node = ?`)
  const three = raw(`SELECT a.he FROM inc a JOIN inc b ON b.node = ? AND b.ts = a.ts AND b.he = a.he
    JOIN inc c ON c.node = ? AND c.ts = a.ts AND c.he = a.he WHERE a.node = ?`)
  const labelAmt = raw('SELECT id FROM he WHERE label = ? AND amt >= ?')
  const kindQty = raw(`SELECT id FROM he WHERE ts >= ? AND ts < ? AND kind = ?
    AND qty BETWEEN ? AND ?`)
  // CAST: numbers are bound as REAL, and a REAL quotient would group by fractions.
  const perBucket = raw(`SELECT ts / CAST(? AS INTEGER) AS b, count(*), sum(weight) FROM he
    GROUP BY b`)
  const inWindow = raw('SELECT members FROM he WHERE ts >= ? AND ts < ?')
  const nodePerBucket = raw(`SELECT ts / CAST(? AS INTEGER) AS b, count(*) FROM inc
    WHERE node = ? GROUP BY b`)
  return (question) => {
    switch (question.op) {
      case 'scan':
        return rows(scan.iterate(BigInt(question.window.from), BigInt(question.window.to)))
      case 'objects': {
        const { from, to } = question.window
        return objects(scanned.all(BigInt(from), BigInt(to)) as unknown as readonly Scanned[])
      }
      case 'node': {
        const { from, to } = question.window ?? allTime
        return rows(node.iterate(question.node, BigInt(from), BigInt(to)))
      }
      case 'nodeIds':
        return ids(nodeIds.all(question.node))
      case 'all': {
        // Read from the rarest side is the planner's choice; the nodes come in any order.
        const [a, b, c] = question.nodes
        return ids(c === undefined ? two.all(b, a) : three.all(b, c, a))
      }
      case 'hops':
        return earliestArrivals(function* (start, { from, to }) {
          for (const row of node.iterate(start, BigInt(from), BigInt(to))) {
            yield { ts: row[1] as number, members: membersOf(row[4] as Buffer) }
          }
        }, question)
      case 'labelAmt':
        return ids(labelAmt.all(question.label, question.amtMin))
      case 'kindQty': {
        const { window, kind, qtyMin, qtyMax } = question
        return ids(kindQty.all(BigInt(window.from), BigInt(window.to), kind, qtyMin, qtyMax))
      }
      case 'perBucket': {
        const groups = perBucket.all(BigInt(question.bucket))
        const sum = groups.reduce((at, row) => at + (row[1] as number) + (row[2] as number), 0)
        return { count: groups.length, sum }
      }
      case 'topNodes':
        return top10(inWindow, question.window)
      case 'nodePerBucket': {
        const groups = nodePerBucket.all(BigInt(question.bucket), question.node)
        return { count: groups.length, sum: groups.reduce((at, row) => at + (row[1] as number), 0) }
      }
    }
  }
}

const allTime: Window = { from: -(2 ** 52), to: 2 ** 52 }

/** Counting the blobs here is several times faster than the join with the incidence table. */
function top10(statement: Statement, { from, to }: Window): Answer {
  const counts = new Map<number, number>()
  for (const [blob] of statement.iterate(BigInt(from), BigInt(to))) {
    for (const member of membersOf(blob as Buffer))
      counts.set(member, (counts.get(member) ?? 0) + 1)
  }
  const best = [...counts.values()].sort((a, b) => b - a).slice(0, 10)
  return { count: best.length, sum: best.reduce((sum, count) => sum + count, 0) }
}

/** The driver's own objects, with the members in place of their blob. */
function objects(all: readonly Scanned[]): Answer {
  return answerOfRows(all.map((row) => ({ ...row, members: membersOf(row.members) })))
}

function rows(all: Iterable<unknown[]>): Answer {
  let count = 0
  let sum = 0
  for (const row of all) {
    count++
    sum += row[0] as number
    for (const member of membersOf(row[4] as Buffer)) sum += member
  }
  return { count, sum }
}

function ids(all: unknown[][]): Answer {
  let sum = 0
  for (const row of all) sum += row[0] as number
  return { count: all.length, sum }
}

function membersOf(blob: Buffer): Uint32Array {
  if (blob.byteOffset % 4 === 0)
    return new Uint32Array(blob.buffer, blob.byteOffset, blob.length / 4)
  return new Uint32Array(new Uint8Array(blob).buffer)
}
