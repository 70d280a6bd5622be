import { dirname } from 'node:path'
import { HyperMeshError, parseJson, stringifyJson } from '@hypermesh/contract'
import type { Logger } from '@hypermesh/kit'
import { type ObjectStore, syncDirectory } from '@hypermesh/object-store'
import { type Checkpoint, checkpointBody } from './catalog-state.ts'
import { type CommitRecord, commitRecord } from './commit-record.ts'

const logPrefix = 'catalog/log/'
const checkpointPrefix = 'catalog/checkpoints/'
const checkpointsKept = 2

/**
 * The append-only log: record N is an object that is created exclusively, once. Whoever creates
 * it has committed; everybody else sees `false` and has to read it.
 */
export class CommitLog {
  readonly #store: ObjectStore
  readonly #logger: Logger

  constructor(store: ObjectStore, logger: Logger) {
    this.#store = store
    this.#logger = logger
  }

  /** The record at this position, or undefined where the log ends. */
  async read(seq: number): Promise<CommitRecord | undefined> {
    const text = await this.#text(recordKey(seq))
    if (text === undefined) return undefined
    const record = parse(text, commitRecord, `commit record ${seq}`)
    if (record.seq !== seq) throw damaged(`commit record ${seq} says it is ${record.seq}`)
    return record
  }

  /** Appends the record; false when that position is taken. Durable when it returns true. */
  async append(record: CommitRecord): Promise<boolean> {
    const key = recordKey(record.seq)
    try {
      await this.#store.put(key, encode(record), { ifNoneMatch: '*' })
      return true
    } catch (error) {
      if (isTaken(error)) return false
      // The record may have become visible before the failure. If it is ours, it counts.
      const found = await this.read(record.seq).catch(() => undefined)
      if (found?.commitId === record.commitId) {
        throw new HyperMeshError('internal', `commit ${record.seq} may not be durable`, {
          cause: error,
          effect: 'unknown',
        })
      }
      throw error
    }
  }

  /**
   * Makes every record that can be read durable, whoever wrote it: another process may have made one
   * visible and not have synced the log's directory yet, or have failed to.
   */
  async sync(): Promise<void> {
    const path = this.#store.localPath(recordKey(1))
    if (path !== undefined) await syncDirectory(dirname(path), 'commit log')
  }

  /** The newest checkpoint that can be read: an older one, or none, costs more records to read. */
  async latestCheckpoint(): Promise<Checkpoint | undefined> {
    for (const key of (await this.#checkpointKeys()).reverse()) {
      try {
        const text = await this.#text(key)
        if (text !== undefined) return parse(text, checkpointBody, key)
      } catch (error) {
        if (!(error instanceof HyperMeshError) || error.code !== 'corrupt') throw error
        this.#logger.warn({ err: error, key }, 'checkpoint is damaged, reading more of the log')
      }
    }
    return undefined
  }

  /** Writes a checkpoint and drops those that it makes needless. */
  async writeCheckpoint(checkpoint: Checkpoint): Promise<void> {
    try {
      await this.#store.put(checkpointKey(checkpoint.seq), encode(checkpoint), {
        ifNoneMatch: '*',
      })
    } catch (error) {
      // Another process wrote the same state: a checkpoint is a function of its position.
      if (!isTaken(error)) throw error
    }
    const keys = await this.#checkpointKeys()
    for (const key of keys.slice(0, -checkpointsKept)) await this.#store.delete(key)
  }

  async #checkpointKeys(): Promise<string[]> {
    const page = await this.#store.list({ prefix: checkpointPrefix, after: '', limit: 1000 })
    return page.objects.map((object) => object.key)
  }

  async #text(key: string): Promise<string | undefined> {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(await this.#store.read(key))
    } catch (error) {
      if (error instanceof HyperMeshError && error.code === 'not_found') return undefined
      if (error instanceof TypeError) throw damaged(`${key} is not UTF-8`)
      throw error
    }
  }
}

function recordKey(seq: number): string {
  return `${logPrefix}${String(seq).padStart(20, '0')}.json`
}

function checkpointKey(seq: number): string {
  return `${checkpointPrefix}${String(seq).padStart(20, '0')}.json`
}

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(stringifyJson(value))
}

function parse<T>(text: string, schema: { parse(value: unknown): T }, what: string): T {
  try {
    return schema.parse(parseJson(text))
  } catch (error) {
    throw damaged(`${what} cannot be understood`, error)
  }
}

function damaged(message: string, cause?: unknown): HyperMeshError {
  return new HyperMeshError('corrupt', message, { cause })
}

function isTaken(error: unknown): boolean {
  return (
    error instanceof HyperMeshError && (error.code === 'exists' || error.code === 'precondition')
  )
}
