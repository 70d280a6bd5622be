import type { HyperMeshClient } from '@hypermesh/client'
import {
  type BadSourceRow,
  HyperMeshError,
  type Limits,
  parseTableName,
  type StructField,
  type TableMetadata,
  type VectorPointId,
} from '@hypermesh/contract'
import { planSync, type SyncStep } from '@hypermesh/iceberg'
import type { Clock } from '@hypermesh/kit'
import type { EmbeddingProviders } from '../text/embedding-providers.ts'
import type { VectorIndex } from '../vector-index.ts'
import {
  assertGood,
  isPoint,
  type RowPoint,
  type RowTerms,
  samplesMax,
  toBatch,
  toPoint,
} from './row-points.ts'
import { embedRows } from './row-texts.ts'
import { isSamePoint } from './same-point.ts'
import { assertBound } from './source-binding.ts'
import { readSource, type SourcePage } from './source-rows.ts'
import type { SourceState } from './source-state.ts'
import { WholeReading } from './whole-reading.ts'

/** Where tables are looked up and read. */
export interface SourcePeers {
  readonly catalog: HyperMeshClient
  readonly query: HyperMeshClient
}

export interface SyncOptions {
  readonly peers: SourcePeers
  readonly providers: EmbeddingProviders
  readonly limits: Limits
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** A table that is written to all the time is caught up with in so many steps, and later in more. */
const stepsMax = 100
const removedAtOnce = 10_000

/**
 * Brings the index to what its table is now. Each part of the rows goes into the log in one record with
 * how far they go; what is not finished is said to be partial, so that whoever goes on knows.
 */
export async function syncSource(index: VectorIndex, options: SyncOptions): Promise<void> {
  for (let step = 0; step < stepsMax; step += 1) {
    const { source } = index
    if (source === null) return
    const metadata = await loadSource(options.peers, source, options.signal)
    const fields = assertBound(metadata, source)
    const plan = planSource(metadata, source)
    const sync = new SourceSync(index, { ...options, source, fields })
    if (plan.kind === 'none') return
    if (plan.kind === 'note') await sync.note(plan.snapshotId)
    else if (plan.kind === 'empty') await sync.empty()
    else await sync.read(plan.kind === 'append' ? plan : undefined)
  }
}

/** What is to be done so that the index is what its table is. */
export function planSource(metadata: TableMetadata, source: SourceState): SyncStep {
  const plan = planSync(metadata, source)
  // Points of its own go also where the table has had no rows yet.
  const isNew = source.syncedAt === null && source.snapshotId === null
  return plan.kind === 'none' && isNew ? { kind: 'empty' } : plan
}

export async function loadSource(
  { catalog }: SourcePeers,
  { table }: Pick<SourceState, 'table'>,
  signal: AbortSignal,
): Promise<TableMetadata> {
  return (await catalog.loadTable(parseTableName(table), { signal })).metadata
}

type AppendStep = Extract<SyncStep, { kind: 'append' }>

interface Changes {
  readonly points: readonly RowPoint[]
  readonly bad: readonly BadSourceRow[]
  readonly repeated: number
}

class SourceSync {
  readonly #index: VectorIndex
  readonly #options: SyncOptions & { readonly fields: readonly StructField[] }
  readonly #terms: RowTerms
  #source: SourceState

  constructor(
    index: VectorIndex,
    options: SyncOptions & {
      readonly source: SourceState
      readonly fields: readonly StructField[]
    },
  ) {
    this.#index = index
    this.#options = options
    this.#source = options.source
    const keyType = options.fields[0]?.type
    this.#terms = {
      source: options.source,
      hasNumberKey: keyType === 'int' || keyType === 'long',
      definition: index.definition,
      limits: options.limits,
    }
  }

  note(snapshotId: string): Promise<void> {
    return this.#end(snapshotId, [], [])
  }

  async empty(): Promise<void> {
    this.#begin(undefined)
    await this.#removeRest(null, [], new WholeReading(this.#index.state.table))
  }

  /** All rows, or those appended since a snapshot. */
  async read(appended: AppendStep | undefined): Promise<void> {
    const { peers, limits, signal, fields } = this.#options
    const since = appended?.since
    const whole = since === undefined ? new WholeReading(this.#index.state.table) : undefined
    const before = this.#source
    this.#begin(since)
    const reading = { source: before, fields, since }
    for await (const page of readSource(peers.query, reading, { limits, signal })) {
      assertOnward(page, before, appended)
      const { points, bad, repeated } = await this.#changesOf(page, whole)
      assertGood(bad, this.#terms)
      this.#count(bad, repeated)
      if (!page.isLast) await this.#part(page.snapshotId, points, [])
      else if (whole === undefined) await this.#end(page.snapshotId, points, [])
      else await this.#removeRest(page.snapshotId, points, whole)
    }
  }

  /** A whole reading counts anew. */
  #begin(since: string | undefined): void {
    if (since !== undefined) return
    this.#source = { ...this.#source, badRows: { count: 0, samples: [] }, repeatedKeys: 0 }
  }

  async #changesOf({ rows }: SourcePage, whole: WholeReading | undefined): Promise<Changes> {
    const { state, definition } = this.#index
    const { providers, signal } = this.#options
    /** By id, of points that no row before has met. */
    const met = new Map<VectorPointId, number>()
    const points = new Map<VectorPointId, RowPoint>()
    const bad: BadSourceRow[] = []
    let repeated = 0
    for (const row of rows) {
      const point = toPoint(row, this.#terms)
      if (!isPoint(point)) {
        bad.push(point)
        continue
      }
      const slot = state.table.slotOf(point.id)
      const ordinal = slot === undefined ? undefined : state.table.ordinalAt(slot)
      const isMet = ordinal !== undefined && (whole?.keep(ordinal) ?? true)
      if (points.has(point.id) || isMet) repeated += 1
      else if (ordinal !== undefined) met.set(point.id, ordinal)
      // The last one counts, also where an earlier one of this part differs and it does not.
      points.delete(point.id)
      if (whole !== undefined && isSamePoint(this.#index, slot, point)) continue
      points.set(point.id, point)
    }
    const embedded = await embedRows([...points.values()], { definition, providers, signal })
    for (const { key } of embedded.bad) whole?.release(met.get(key ?? ''))
    return { points: embedded.points, bad: [...bad, ...embedded.bad], repeated }
  }

  #count(bad: readonly BadSourceRow[], repeated: number): void {
    const { badRows, repeatedKeys } = this.#source
    const samples = [...badRows.samples, ...bad].slice(0, samplesMax)
    this.#source = {
      ...this.#source,
      badRows: { count: badRows.count + bad.length, samples },
      repeatedKeys: repeatedKeys + repeated,
    }
  }

  /** Removes what the table does not have, with the last rows. */
  async #removeRest(
    snapshotId: string | null,
    points: readonly RowPoint[],
    whole: WholeReading,
  ): Promise<void> {
    let remove: VectorPointId[] = []
    let last = points
    for (const id of whole.leftOver(this.#index.state.table)) {
      if (remove.length === removedAtOnce) {
        await this.#part(snapshotId, last, remove)
        remove = []
        last = []
      }
      remove.push(id)
    }
    await this.#end(snapshotId, last, remove)
  }

  #part(
    snapshotId: string | null,
    points: readonly RowPoint[],
    remove: readonly VectorPointId[],
  ): Promise<void> {
    // A table that has lost its snapshots: whatever stands here makes the next reading a whole one.
    const { snapshotId: had, partial } = this.#source
    this.#source = { ...this.#source, partial: snapshotId ?? had ?? partial }
    return this.#write(points, remove)
  }

  #end(
    snapshotId: string | null,
    points: readonly RowPoint[],
    remove: readonly VectorPointId[],
  ): Promise<void> {
    const syncedAt = new Date(this.#options.clock.nowMs()).toISOString()
    this.#source = { ...this.#source, snapshotId, partial: null, syncedAt }
    return this.#write(points, remove)
  }

  async #write(points: readonly RowPoint[], remove: readonly VectorPointId[]): Promise<void> {
    const { dimension } = this.#index.definition
    const batch = points.length === 0 ? undefined : toBatch(points, dimension)
    await this.#index.follow({ source: this.#source, remove, batch }, this.#options.signal)
  }
}

/** Rows of a snapshot that is half in must be among those that are read. */
function assertOnward(page: SourcePage, before: SourceState, step: AppendStep | undefined): void {
  const { partial } = before
  if (step === undefined || partial === null || page.snapshotId === step.current) return
  throw new HyperMeshError('conflict', `${before.table} has moved on meanwhile; try again`)
}
