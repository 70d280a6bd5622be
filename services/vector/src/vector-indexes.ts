import {
  type createVectorIndexRequest,
  HyperMeshError,
  type Limits,
  parseIdentifier,
  type VectorIndex as VectorIndexReply,
  type VectorSnapshot,
  type vectorIndexes,
} from '@hypermesh/contract'
import { type Clock, type Logger, toHyperMeshError } from '@hypermesh/kit'
import type { DirectoryOwner } from '@hypermesh/object-store'
import type { z } from 'zod'
import { memoryBytesOf, type VectorSettings } from './config.ts'
import { defineIndex, haveSameParameters, type IndexDefinition } from './index-definition.ts'
import type { IndexFiles } from './index-files.ts'
import type { IndexImage } from './index-image.ts'
import { recoverIndex } from './index-recovery.ts'
import { emptyState } from './index-state.ts'
import { PendingBytes } from './index-writer.ts'
import type { EmbeddingProviders } from './text/embedding-providers.ts'
import { resolveEmbedding } from './text/index-embedding.ts'
import { VectorIndex, type VectorIndexParts } from './vector-index.ts'

export interface VectorIndexesOptions {
  readonly files: IndexFiles
  readonly owner: DirectoryOwner
  readonly limits: Limits
  readonly logger: Logger
  readonly clock: Clock
  readonly settings: VectorSettings
  readonly providers: EmbeddingProviders
}

/** One whose files failed a check: nothing of it is served until it is restored or deleted. */
interface DamagedIndex {
  readonly index: string
  readonly problem: HyperMeshError
}

type Known = VectorIndex | DamagedIndex

/** All indexes of the data directory, by their names without regard to case. */
export class VectorIndexes {
  readonly #options: VectorIndexesOptions
  readonly #parts: VectorIndexParts
  readonly #known = new Map<string, Known>()
  /** What creates, deletes or restores goes one by one. */
  #lastChange: Promise<unknown> = Promise.resolve()
  #opening: Promise<void> | undefined
  #isOpen = false

  constructor(options: VectorIndexesOptions) {
    this.#options = options
    const { files, limits, logger, settings } = options
    const memoryBytes = memoryBytesOf(settings)
    this.#parts = {
      files,
      limits,
      logger,
      settings,
      pending: new PendingBytes(limits.vectorWriteBytesMax),
      assertRoom: (bytes) => {
        if (this.memoryBytes + bytes <= memoryBytes) return
        throw new HyperMeshError(
          'storage_full',
          `the vectors would take more than ${memoryBytes} bytes of memory; delete some, or set [vector] memory_bytes`,
          { details: { memoryBytes } },
        )
      },
    }
  }

  get memoryBytes(): number {
    let bytes = 0
    for (const known of this.#known.values()) {
      if (!(known instanceof VectorIndex)) continue
      const { graph, table } = known.state
      bytes += graph.memoryBytes + (table.texts?.memoryBytes ?? 0)
    }
    return bytes
  }

  get pointCount(): number {
    let points = 0
    for (const known of this.#known.values()) {
      if (known instanceof VectorIndex) points += known.state.table.pointCount
    }
    return points
  }

  /** Takes the directory and reads every index. Another process may have it; then a later call tries again. */
  open(): Promise<void> {
    if (this.#isOpen) return Promise.resolve()
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  /** Those that are open now. */
  opened(): readonly VectorIndex[] {
    return [...this.#known.values()].filter((known) => known instanceof VectorIndex)
  }

  async list(): Promise<z.input<typeof vectorIndexes>['indexes']> {
    if (!this.#isOpen) await this.open()
    return [...this.#known.entries()]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([, known]) => describe(known))
  }

  /** The index, open; throws `not_found`, or `damaged` with what is wrong with it. */
  async get(name: string): Promise<VectorIndex> {
    if (!this.#isOpen) await this.open()
    const known = this.#known.get(parseIdentifier(name).toLowerCase())
    if (known === undefined) throw new HyperMeshError('not_found', `no vector index ${name}`)
    if (known instanceof VectorIndex) return known
    throw new HyperMeshError(
      'damaged',
      `the index ${known.index} is damaged: ${known.problem.message}; restore a snapshot, or delete it`,
      { details: { index: known.index }, cause: known.problem },
    )
  }

  /** Creates it, unless there is one just like it. */
  create(
    name: string,
    request: z.output<typeof createVectorIndexRequest>,
  ): Promise<{ readonly index: VectorIndexReply; readonly isNew: boolean }> {
    return this.#change(async () => {
      const { files, limits, clock } = this.#options
      const parameters = await resolveEmbedding(request, this.#options.providers)
      const definition = defineIndex(parseIdentifier(name), parameters, {
        limits,
        nowMs: clock.nowMs(),
      })
      if (this.#known.has(name.toLowerCase())) {
        const index = await this.get(name)
        if (haveSameParameters(index.definition, definition)) {
          return { index: index.describe(), isNew: false }
        }
        throw new HyperMeshError('exists', `the index ${name} exists with other parameters`)
      }
      this.#assertPlace()
      await files.removeLogs(name.toLowerCase(), () => true)
      const state = emptyState(definition, limits)
      const index = await this.#place(definition, {
        ...{ state, generation: 1, isNew: true, source: null },
      })
      return { index: index.describe(), isNew: true }
    })
  }

  delete(name: string): Promise<void> {
    return this.#change(async () => {
      const key = parseIdentifier(name).toLowerCase()
      const known = this.#known.get(key)
      if (known === undefined) throw new HyperMeshError('not_found', `no vector index ${name}`)
      const { files } = this.#options
      this.#known.delete(key)
      if (known instanceof VectorIndex) await known.close({ keep: false })
      // Without its file it is gone; logs that a crash leaves are removed by the next start.
      await files.remove(key)
      await files.removeLogs(key, () => true)
    })
  }

  async snapshots(name: string): Promise<VectorSnapshot[]> {
    if (!this.#isOpen) await this.open()
    return this.#options.files.snapshots(parseIdentifier(name).toLowerCase())
  }

  /** Without a name it is named by the time. */
  async snapshot(name: string, snapshot: string | undefined): Promise<VectorSnapshot> {
    const index = await this.get(name)
    const { vectorSnapshotsMax } = this.#options.limits
    if ((await this.#options.files.snapshots(index.name)).length >= vectorSnapshotsMax) {
      throw new HyperMeshError(
        'too_large',
        `an index has at most ${vectorSnapshotsMax} snapshots`,
        {
          details: { limit: 'vector_snapshots_max', countMax: vectorSnapshotsMax },
        },
      )
    }
    const now = new Date(this.#options.clock.nowMs()).toISOString()
    return index.snapshot(snapshot ?? `at_${now.replace(/[-:.]/g, '')}`)
  }

  async deleteSnapshot(name: string, snapshot: string): Promise<void> {
    if (!this.#isOpen) await this.open()
    await this.#options.files.removeSnapshot(parseIdentifier(name).toLowerCase(), snapshot)
  }

  /** Puts what a snapshot holds in place of the index, whatever that is. */
  restore(
    name: string,
    { from, snapshot }: { readonly from: string; readonly snapshot: string },
  ): Promise<VectorIndexReply> {
    return this.#change(async () => {
      const key = parseIdentifier(name).toLowerCase()
      const { files, limits, clock } = this.#options
      const image = await files.readSnapshot(parseIdentifier(from).toLowerCase(), snapshot)
      const nowMs = clock.nowMs()
      // Another index from here on: what the logs of the one before say is not for it.
      const { indexId } = defineIndex(name, image.definition, { limits, nowMs })
      const definition = { ...image.definition, index: name, indexId }
      const known = this.#known.get(key)
      if (known === undefined) this.#assertPlace()
      this.#known.delete(key)
      if (known instanceof VectorIndex) await known.close({ keep: false })
      try {
        const generation = ((await files.logs(key)).at(-1)?.generation ?? 0) + 1
        const { state } = image
        // A copy under another name does not follow what the first one does.
        const source = from.toLowerCase() === key ? image.source : null
        const restored = await this.#place(definition, {
          ...{ state, generation, isNew: false, source },
        })
        return restored.describe()
      } catch (error) {
        // The one of before is as it was, or this one is there: the files say which.
        await this.#load(key)
        throw error
      }
    })
  }

  async close(): Promise<void> {
    await this.#lastChange
    await this.#opening?.catch(() => undefined)
    const open = [...this.#known.values()].filter((known) => known instanceof VectorIndex)
    this.#known.clear()
    for (const index of open) await index.close({ keep: true })
    this.#isOpen = false
    await this.#options.owner.release()
  }

  async #open(): Promise<void> {
    const { files, owner, logger } = this.#options
    await owner.claim()
    const names = await files.names()
    for (const { name } of await files.logs()) {
      if (!names.includes(name)) await files.removeLogs(name, () => true)
    }
    for (const name of names) await this.#load(name)
    this.#isOpen = true
    if (names.length > 0) logger.info({ indexes: names.length }, 'vector indexes opened')
  }

  /** One that cannot be read does not keep the others from being served. */
  async #load(name: string): Promise<void> {
    const { files, logger } = this.#options
    try {
      this.#known.set(name, new VectorIndex(await recoverIndex(name, files, logger), this.#parts))
    } catch (thrown) {
      const problem = toHyperMeshError(thrown)
      if (problem.code === 'not_found') return
      this.#known.set(name, { index: name, problem })
      logger.error({ err: thrown, index: name }, 'a vector index cannot be read')
    }
  }

  /** Writes log and file of a state, in this order, and opens the index on them. */
  async #place(
    definition: IndexDefinition,
    placed: Pick<IndexImage, 'state' | 'generation' | 'source'> & { readonly isNew: boolean },
  ): Promise<VectorIndex> {
    const { files } = this.#options
    const key = definition.index.toLowerCase()
    const { state, generation, source, isNew } = placed
    const image: IndexImage = { definition, state, generation, source, sequence: 0 }
    const { indexId } = definition
    const log = await files.createLog(key, { generation, firstSequence: 1, indexId })
    try {
      const fileBytes = await files.write(key, image, { create: isNew })
      await files.removeLogs(key, (each) => each < generation)
      const index = new VectorIndex({ ...image, fileBytes, log }, this.#parts)
      this.#known.set(key, index)
      return index
    } catch (error) {
      await log.close()
      state.graph.close()
      throw error
    }
  }

  #assertPlace(): void {
    const { vectorIndexesMax } = this.#options.limits
    if (this.#known.size < vectorIndexesMax) return
    throw new HyperMeshError(
      'too_large',
      `there are ${vectorIndexesMax} indexes, vector_indexes_max`,
      {
        details: { limit: 'vector_indexes_max', countMax: vectorIndexesMax },
      },
    )
  }

  async #change<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#isOpen) await this.open()
    const result = this.#lastChange.then(work)
    this.#lastChange = result.catch(() => undefined)
    return result
  }
}

function describe(known: Known): z.input<typeof vectorIndexes>['indexes'][number] {
  if (known instanceof VectorIndex) return known.describe()
  return { index: known.index, state: 'damaged', problem: known.problem.message }
}
