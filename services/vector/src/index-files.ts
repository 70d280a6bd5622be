import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { HyperMeshError, type Limits, type VectorSnapshot } from '@hypermesh/contract'
import { hasErrno, type ObjectStore, removeDurable } from '@hypermesh/object-store'
import { readFrame } from './framed-file.ts'
import { type IndexImage, readImage, writeImage } from './index-image.ts'
import type { LogHead } from './log-format.ts'
import { LogReader } from './log-reader.ts'
import { WriteAheadLog } from './write-ahead-log.ts'

export interface IndexFilesOptions {
  /** Of the data directory. */
  readonly root: string
  readonly temporary: string
  readonly store: ObjectStore
  readonly limits: Limits
}

interface ImageTerms {
  /** Only where there is none yet. */
  readonly create?: boolean
  /** From here on the index may be written to. */
  readonly onTableWritten?: () => void
}

const pageMax = 1000
const namePattern = '[a-z_][a-z0-9_]{0,63}'
const indexKey = new RegExp(`^vectors/(${namePattern})\\.hmv$`)
const logFile = new RegExp(`^(${namePattern})\\.(\\d{1,10})\\.wal$`)

/**
 * The files of all indexes below `vectors/`: `<index>.hmv`, the logs that follow it, numbered by the
 * generation of the file that each follows, and `snapshots/<index>/<snapshot>.hmv`. Names are in lower
 * case, so that two that differ in case only cannot meet on a file system that does not tell them apart.
 */
export class IndexFiles {
  readonly #options: IndexFilesOptions

  constructor(options: IndexFilesOptions) {
    this.#options = options
  }

  get directory(): string {
    return join(this.#options.root, 'vectors')
  }

  /** Who has the directory, see `DirectoryOwner`. */
  get claimsDirectory(): string {
    return join(this.directory, 'claims')
  }

  /** Names of indexes that have a file. */
  async names(): Promise<string[]> {
    const names: string[] = []
    for await (const { key } of this.#objects('vectors/')) {
      const name = indexKey.exec(key)?.[1]
      if (name !== undefined) names.push(name)
    }
    return names
  }

  /** Of an index, or of all: which logs there are, in the order of their generations. */
  async logs(name?: string): Promise<{ readonly name: string; readonly generation: number }[]> {
    const entries = await readdir(this.directory).catch((error: unknown) => {
      if (hasErrno(error, 'ENOENT')) return []
      throw error
    })
    const found = entries.flatMap((entry) => {
      const [, of, generation] = logFile.exec(entry) ?? []
      return of === undefined ? [] : [{ name: of, generation: Number(generation) }]
    })
    return found
      .filter((log) => name === undefined || log.name === name)
      .sort((one, other) => one.generation - other.generation)
  }

  openLog(name: string, generation: number): Promise<LogReader> {
    return LogReader.open(this.#logPath(name, generation))
  }

  /** Goes on behind the last that was sound. */
  appendToLog(
    name: string,
    generation: number,
    end: { readonly soundBytes: number; readonly sequence: number },
  ): Promise<WriteAheadLog> {
    const { soundBytes, sequence } = end
    return WriteAheadLog.open(this.#logPath(name, generation), { bytes: soundBytes, sequence })
  }

  createLog(name: string, head: LogHead): Promise<WriteAheadLog> {
    return WriteAheadLog.create(this.#logPath(name, head.generation), this.#options.temporary, head)
  }

  /** Removes those whose generation is one of them. */
  async removeLogs(name: string, isOne: (generation: number) => boolean): Promise<void> {
    for (const { generation } of await this.logs(name)) {
      if (isOne(generation)) await removeDurable(this.#logPath(name, generation), 'an old log')
    }
  }

  /** The file of an index; returns how long it is. */
  write(name: string, image: IndexImage, terms: ImageTerms = {}): Promise<number> {
    return this.#put(keyOf(name), image, terms)
  }

  read(name: string): Promise<IndexImage & { readonly bytes: number }> {
    return this.#read(keyOf(name))
  }

  async remove(name: string): Promise<void> {
    await this.#options.store.delete(keyOf(name))
  }

  async writeSnapshot(
    name: string,
    snapshot: string,
    image: IndexImage,
    onTableWritten: () => void,
  ): Promise<VectorSnapshot> {
    const key = snapshotKey(name, snapshot)
    await this.#put(key, image, { create: true, onTableWritten })
    const head = await this.#options.store.head(key)
    if (head === undefined) throw noSnapshot(snapshot)
    return { snapshot, bytes: head.bytes, createdAt: head.modifiedAt }
  }

  async readSnapshot(name: string, snapshot: string): Promise<IndexImage> {
    if ((await this.#options.store.head(snapshotKey(name, snapshot))) === undefined) {
      throw noSnapshot(snapshot)
    }
    return this.#read(snapshotKey(name, snapshot))
  }

  /** In the order of their names. */
  async snapshots(name: string): Promise<VectorSnapshot[]> {
    const prefix = snapshotKey(name, '').slice(0, -'.hmv'.length)
    const found: VectorSnapshot[] = []
    for await (const { key, bytes, modifiedAt } of this.#objects(prefix)) {
      const snapshot = key.slice(prefix.length, -'.hmv'.length)
      found.push({ snapshot, bytes, createdAt: modifiedAt })
    }
    return found
  }

  async removeSnapshot(name: string, snapshot: string): Promise<void> {
    if (await this.#options.store.delete(snapshotKey(name, snapshot))) return
    throw noSnapshot(snapshot)
  }

  async #put(
    key: string,
    image: IndexImage,
    { create = false, onTableWritten }: ImageTerms,
  ): Promise<number> {
    const condition = create ? ({ ifNoneMatch: '*' } as const) : {}
    const body = writeImage(image, onTableWritten)
    return (await this.#options.store.put(key, body, condition)).bytes
  }

  async #read(key: string): Promise<IndexImage & { readonly bytes: number }> {
    await using object = await this.#options.store.get(key)
    const { bytes } = object.head
    const frame = await readFrame(object.body, bytes)
    return { ...(await readImage(frame, this.#options.limits)), bytes }
  }

  async *#objects(prefix: string) {
    for (let after: string | undefined; ; ) {
      const options = { prefix, limit: pageMax, ...(after === undefined ? {} : { after }) }
      const page = await this.#options.store.list(options)
      yield* page.objects
      if (page.next === null) return
      after = page.next
    }
  }

  #logPath(name: string, generation: number): string {
    return join(this.directory, `${name}.${generation}.wal`)
  }
}

function keyOf(name: string): string {
  return `vectors/${name}.hmv`
}

function snapshotKey(name: string, snapshot: string): string {
  return `vectors/snapshots/${name}/${snapshot.toLowerCase()}.hmv`
}

function noSnapshot(snapshot: string): HyperMeshError {
  return new HyperMeshError('not_found', `no snapshot named ${snapshot}`)
}
