import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { HyperMeshError } from '@hypermesh/contract'
import { copyOneFile, DuckDatabase, type DuckSession, quotePath } from '@hypermesh/duckdb'
import {
  type PositionRewrite,
  positionDeleteFields,
  positionDeleteScan,
  type RewrittenPositions,
  readFileSchema,
  type Warehouse,
} from '@hypermesh/iceberg'

interface PositionDeleteFilesOptions {
  readonly warehouse: Warehouse
  /** Of the data directory. */
  readonly root: string
  /** This process's own. */
  readonly temporary: string
}

const memoryBytes = 512 * 1024 * 1024
/** Data files that one file of deletes may name. */
const namesMax = 1_000_000

/** Makes files of position deletes anew under other names of their data files. */
export class PositionDeleteFiles implements AsyncDisposable {
  readonly #options: PositionDeleteFilesOptions
  readonly #directory: string
  #database: DuckDatabase | undefined
  #count = 0

  constructor(options: PositionDeleteFilesOptions) {
    this.#options = options
    // Its own: whoever only asks what would be done may do so meanwhile, and ends by removing it.
    this.#directory = join(options.temporary, `position-deletes-${randomUUID()}`)
  }

  /** `publish` brings the finished file to its place; without it nothing is written. */
  async rewrite(
    { from, to, move }: PositionRewrite,
    options: {
      readonly publish: ((path: string, uri: string) => Promise<void>) | undefined
      readonly signal: AbortSignal
    },
  ): Promise<RewrittenPositions> {
    const { signal, publish } = options
    const scan = await this.#scanOf(from)
    this.#database ??= await this.#open()
    await using session = await this.#database.connect()
    const names = await namesIn(session, scan, signal)
    const moved = names.map(move)
    const sorted = moved.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    const [first, last] = [sorted[0], sorted.at(-1)]
    if (first === undefined || last === undefined) {
      throw new HyperMeshError('corrupt', `${from} deletes nothing`)
    }
    if (publish === undefined) {
      const [row] = await session.rows(`SELECT count(*) AS rows FROM (${scan})`, { signal })
      return { fileBytes: 0, rows: Number(row?.rows), names: [first, last] }
    }
    const file = await this.#write(session, { scan, names, moved }, signal)
    await publish(file.path, to)
    return { ...file, names: [first, last] }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database?.[Symbol.asyncDispose]()
    await rm(this.#directory, { recursive: true, force: true })
  }

  async #write(
    session: DuckSession,
    what: {
      readonly scan: string
      readonly names: readonly string[]
      readonly moved: readonly string[]
    },
    signal: AbortSignal,
  ) {
    const texts = (index: number) => `unnest(from_json($${index}, '["VARCHAR"]'))`
    await session.run(
      `CREATE OR REPLACE TEMP TABLE moved_names AS SELECT ${texts(1)} AS name, ${texts(2)} AS moved`,
      { parameters: { values: [JSON.stringify(what.names), JSON.stringify(what.moved)] }, signal },
    )
    this.#count += 1
    const path = join(this.#directory, `${this.#count}.parquet`)
    const { path: name, position } = positionDeleteFields
    const column = (field: { id: number; name: string }, type: string) => {
      return { ...field, type, sourceName: field.name }
    }
    // What else the file holds, copies of deleted rows, no reader needs.
    const file = await copyOneFile(session, {
      sql: `SELECT n.moved AS file_path, d.pos FROM (${what.scan}) d
        JOIN moved_names n ON n.name = d.file_path ORDER BY n.moved, d.pos`,
      path,
      columns: [column(name, 'string'), column(position, 'long')],
      signal,
    })
    if (file !== undefined) return file
    throw new HyperMeshError('internal', 'a file of position deletes was written without rows')
  }

  async #scanOf(uri: string): Promise<string> {
    const { warehouse } = this.#options
    const key = warehouse.toKey(uri)
    const head = await warehouse.store.head(key)
    const path = warehouse.store.localPath(key)
    if (head === undefined || path === undefined) {
      throw new HyperMeshError('invalid', `its file ${uri} is not there`)
    }
    const schema = await readFileSchema(warehouse.store, { key, bytes: head.bytes })
    const scan = positionDeleteScan(quotePath(path), schema)
    if (scan !== undefined) return scan
    throw new HyperMeshError('corrupt', `${uri} is no position delete file`)
  }

  async #open(): Promise<DuckDatabase> {
    const { root } = this.#options
    await mkdir(this.#directory, { recursive: true })
    return DuckDatabase.open({
      threads: 1,
      memoryBytes,
      temporaryDirectory: this.#directory,
      allowedDirectories: [join(root, 'warehouse'), this.#directory],
      damagedFile: 'corrupt',
    })
  }
}

async function namesIn(
  session: DuckSession,
  scan: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const sql = `SELECT DISTINCT file_path FROM (${scan}) LIMIT ${namesMax + 1}`
  const rows = await session.rows(sql, { signal })
  if (rows.length > namesMax) {
    const message = `a file of position deletes names more than ${namesMax} data files`
    throw new HyperMeshError('too_large', message)
  }
  return rows.flatMap((row) => (typeof row.file_path === 'string' ? [row.file_path] : []))
}
