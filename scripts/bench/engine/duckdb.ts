import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import {
  type DuckDBConnection,
  DuckDBInstance,
  DuckDBListVector,
  type DuckDBPreparedStatement,
} from '@duckdb/node-api'
import { type OpenContender, versionOf } from './contender.ts'
import { at, type Dataset } from './dataset.ts'
import { type Answer, answerOfRows, type Question, type Row } from './workload.ts'

/**
 * Hyperedges sorted by time with a list of members, incidences sorted by (node, ts). One thread, since
 * every contender answers on one. Results are read through the chunk interface, its fastest.
 */
export const openDuckdb: OpenContender = async (directory) => {
  const instance = await DuckDBInstance.create(join(directory, 'peer.duckdb'), { threads: '1' })
  const connection = await instance.connect()
  const csv = join(directory, 'edges.csv')
  await connection.run(`CREATE TABLE IF NOT EXISTS he(id UINTEGER, ts BIGINT, weight FLOAT,
    label USMALLINT, kind INTEGER, qty INTEGER, amt DOUBLE, members UINTEGER[])`)
  await connection.run('CREATE TABLE IF NOT EXISTS inc(node UINTEGER, ts BIGINT, he UINTEGER)')
  const answers = new Answers(connection)
  let last = Promise.resolve()
  return {
    name: 'DuckDB',
    settings: `${versionOf('@duckdb/node-api')}, threads=1, commits synced, load by COPY from CSV`,
    prepare: (data) => writeCsv(csv, data),
    load: async () => {
      await connection.run(`INSERT INTO he SELECT id, ts, weight, label, kind, qty, amt,
        string_split(members, ' ')::UINTEGER[] FROM read_csv('${csv}', header=false, columns={
        'id':'UINTEGER','ts':'BIGINT','weight':'FLOAT','label':'USMALLINT','kind':'INTEGER',
        'qty':'INTEGER','amt':'DOUBLE','members':'VARCHAR'}) ORDER BY ts, id`)
      await connection.run(`INSERT INTO inc SELECT node, ts, id FROM
        (SELECT unnest(members) AS node, ts, id FROM he) ORDER BY node, ts, id`)
      await connection.run('CHECKPOINT')
      await rm(csv)
    },
    answer: (question) => answers.answer(question),
    commit: (data, from, to) => {
      // A connection has one transaction at a time.
      last = last.then(() => insert(connection, data, from, to))
      return last
    },
    close: async () => {
      connection.closeSync()
      instance.closeSync()
    },
  }
}

async function writeCsv(path: string, data: Dataset): Promise<void> {
  const file = createWriteStream(path)
  let lines: string[] = []
  for (let i = 0; i < data.edgeCount; i++) {
    const members = data.members.subarray(at(data.offsets, i), at(data.offsets, i + 1)).join(' ')
    lines.push(
      `${i},${at(data.ts, i)},${at(data.weight, i)},${at(data.label, i)},${at(data.kind, i)},` +
        `${at(data.qty, i)},${at(data.amt, i)},${members}\n`,
    )
    if (lines.length < 20_000) continue
    if (!file.write(lines.join(''))) await once(file, 'drain')
    lines = []
  }
  file.end(lines.join(''))
  await finished(file)
}

/** One transaction through two appenders, faster than any INSERT statement. */
async function insert(connection: DuckDBConnection, data: Dataset, from: number, to: number) {
  await connection.run('BEGIN')
  const he = await connection.createAppender('he')
  const inc = await connection.createAppender('inc')
  for (let i = from; i < to; i++) {
    const ts = BigInt(at(data.ts, i))
    const members = [...data.members.subarray(at(data.offsets, i), at(data.offsets, i + 1))]
    he.appendUInteger(i)
    he.appendBigInt(ts)
    he.appendFloat(at(data.weight, i))
    he.appendUSmallInt(at(data.label, i))
    he.appendInteger(at(data.kind, i))
    he.appendInteger(at(data.qty, i))
    he.appendDouble(at(data.amt, i))
    he.appendList(members)
    he.endRow()
    for (const node of members) {
      inc.appendUInteger(node)
      inc.appendBigInt(ts)
      inc.appendUInteger(i)
      inc.endRow()
    }
  }
  he.closeSync()
  inc.closeSync()
  await connection.run('COMMIT')
}

const scanText = 'SELECT id, ts, weight, label, members FROM he WHERE ts >= $1 AND ts < $2'

type Values = readonly (number | bigint)[]

class Answers {
  readonly #connection: DuckDBConnection
  readonly #statements = new Map<string, Promise<DuckDBPreparedStatement>>()

  constructor(connection: DuckDBConnection) {
    this.#connection = connection
  }

  answer(question: Question): Promise<Answer> {
    const one = (text: string, values: Values) => this.#oneRow(text, values)
    switch (question.op) {
      case 'scan': {
        const { from, to } = question.window
        return this.#rows(scanText, [BigInt(from), BigInt(to)])
      }
      case 'objects': {
        const { from, to } = question.window
        return this.#objects([BigInt(from), BigInt(to)])
      }
      case 'node': {
        const { from, to } = question.window ?? { from: 0, to: 2 ** 52 }
        const text = `SELECT id, ts, weight, label, members FROM he WHERE id IN
          (SELECT he FROM inc WHERE node = $1 AND ts >= $2 AND ts < $3) AND ts >= $2 AND ts < $3`
        return this.#rows(text, [question.node, BigInt(from), BigInt(to)])
      }
      case 'nodeIds':
        return this.#rows('SELECT he FROM inc WHERE node = $1', [question.node])
      case 'all': {
        const [first, ...others] = question.nodes
        const semi = others.map(
          (_, i) => `SEMI JOIN (SELECT he FROM inc WHERE node = $${i + 2})
          AS n${i} ON n${i}.he = a.he`,
        )
        const text = `SELECT a.he FROM (SELECT he FROM inc WHERE node = $1) a ${semi.join(' ')}`
        return this.#rows(text, [first as number, ...others])
      }
      case 'hops':
        return one(hopsText(question.hops), [
          question.node,
          BigInt(question.window.from),
          BigInt(question.window.to),
        ])
      case 'labelAmt':
        return this.#rows('SELECT id FROM he WHERE label = $1 AND amt >= $2', [
          question.label,
          question.amtMin,
        ])
      case 'kindQty': {
        const text = `SELECT id FROM he WHERE ts >= $1 AND ts < $2 AND kind = $3
          AND qty BETWEEN $4 AND $5`
        const { window, kind, qtyMin, qtyMax } = question
        return this.#rows(text, [BigInt(window.from), BigInt(window.to), kind, qtyMin, qtyMax])
      }
      default:
        return this.#groups(question)
    }
  }

  #groups(question: Question): Promise<Answer> {
    switch (question.op) {
      case 'perBucket':
        return this.#oneRow(
          `SELECT count(*), sum(n + w) FROM (SELECT ts // $1 AS b, count(*) AS n,
            sum(weight::DOUBLE) AS w FROM he GROUP BY b)`,
          [BigInt(question.bucket)],
        )
      case 'topNodes':
        return this.#oneRow(
          `SELECT count(*), sum(n) FROM (SELECT node, count(*) AS n FROM (SELECT unnest(members)
            AS node FROM he WHERE ts >= $1 AND ts < $2) GROUP BY node ORDER BY n DESC LIMIT 10)`,
          [BigInt(question.window.from), BigInt(question.window.to)],
        )
      case 'nodePerBucket':
        return this.#oneRow(
          `SELECT count(*), sum(n) FROM (SELECT ts // $1 AS b, count(*) AS n FROM inc
            WHERE node = $2 GROUP BY b)`,
          [BigInt(question.bucket), question.node],
        )
      default:
        throw new Error(`no statement for ${question.op}`)
    }
  }

  async #run(text: string, values: Values) {
    const statement = this.#statements.get(text) ?? this.#connection.prepare(text)
    this.#statements.set(text, statement)
    const prepared = await statement
    values.forEach((value, i) => {
      if (typeof value === 'bigint') prepared.bindBigInt(i + 1, value)
      else if (Number.isInteger(value)) prepared.bindInteger(i + 1, value)
      else prepared.bindDouble(i + 1, value)
    })
    return prepared.run()
  }

  async #oneRow(text: string, values: Values): Promise<Answer> {
    const [row = []] = await (await this.#run(text, values)).getRows()
    return { count: Number(row[0]), sum: Number(row[1]) }
  }

  /** Made from the chunks: several times faster than `getRowObjectsJS`. */
  async #objects(values: Values): Promise<Answer> {
    const rows: Row[] = []
    for (const chunk of await (await this.#run(scanText, values)).fetchAllChunks()) {
      const [id, ts, weight, label] = [0, 1, 2, 3].map((i) => chunk.getColumnVector(i))
      const list = chunk.getColumnVector(4)
      if (!(list instanceof DuckDBListVector)) throw new Error('members are a list')
      const flat = list.childVector
      for (let i = 0; i < chunk.rowCount; i++) {
        const first = list.getEntryOffset(i)
        const members = new Array<number>(list.getEntryLength(i))
        for (let m = 0; m < members.length; m++) members[m] = flat.getItem(first + m) as number
        rows.push({
          id: id?.getItem(i) as number,
          ts: Number(ts?.getItem(i)),
          weight: weight?.getItem(i),
          label: label?.getItem(i),
          members,
        } as Row)
      }
    }
    return answerOfRows(rows)
  }

  async #rows(text: string, values: Values): Promise<Answer> {
    let count = 0
    let sum = 0
    for (const chunk of await (await this.#run(text, values)).fetchAllChunks()) {
      const ids = chunk.getColumnVector(0)
      for (let i = 0; i < chunk.rowCount; i++) sum += ids.getItem(i) as number
      count += chunk.rowCount
      const last = chunk.getColumnVector(chunk.columnCount - 1)
      if (!(last instanceof DuckDBListVector) || chunk.rowCount === 0) continue
      const members = last.childVector
      const end = last.getEntryOffset(chunk.rowCount - 1) + last.getEntryLength(chunk.rowCount - 1)
      for (let i = last.getEntryOffset(0); i < end; i++) sum += members.getItem(i) as number
    }
    return { count, sum }
  }
}

/** One statement with a step a level over the materialised window: far faster than probing. */
function hopsText(hops: number): string {
  const levels = Array.from(
    { length: hops },
    (_, level) => `l${level + 1} AS (SELECT m.node AS node, min(m.ts) AS ts FROM l${level} l
      JOIN i ON i.node = l.node AND i.ts > l.ts JOIN i m ON m.id = i.id GROUP BY m.node)`,
  )
  const all = Array.from({ length: hops }, (_, level) => `SELECT * FROM l${level + 1}`)
  return `WITH i AS MATERIALIZED (SELECT id, ts, unnest(members) AS node FROM he
      WHERE ts >= $2 AND ts < $3),
    l0 AS (SELECT $1::UINTEGER AS node, $2 - 1 AS ts), ${levels.join(', ')}
    SELECT count(*), coalesce(sum(ts - $2), 0) FROM (SELECT node, min(ts) AS ts FROM
      (${all.join(' UNION ALL ')}) WHERE node <> $1 GROUP BY node)`
}
