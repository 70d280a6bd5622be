import { randomUUID } from 'node:crypto'
import {
  type AppendFilesReply,
  type appendFilesRequest,
  HyperMeshError,
  type IcebergSchema,
  type TableMetadata,
  type TableName,
  type TableUpdate,
  toWireLong,
} from '@hypermesh/contract'
import {
  contentKeySummary,
  createTableMetadata,
  currentSchema,
  fieldsById,
  findLoaded,
  metadataFilesToDelete,
  mintSnapshotId,
  writeSnapshot,
} from '@hypermesh/iceberg'
import type { z } from 'zod'
import type { Attempt } from './attempts.ts'
import type { Caller } from './caller.ts'
import type { CatalogState, CommitOutcome } from './catalog-state.ts'
import type { CommitPlan } from './catalog-store.ts'
import type { Change, CommitResult, TableEntry } from './commit-record.ts'
import { toTableEntry } from './table-entry.ts'
import {
  assertFree,
  assertRoom,
  isFree,
  isLocationTaken,
  newLocation,
  nextMetadata,
  type TablesOptions,
} from './table-rules.ts'

/** One writer's finished files, and who it is. */
export interface Append {
  readonly caller: Caller
  readonly request: z.output<typeof appendFilesRequest>
}

/** `commitSeq` is absent where the commit under way will tell it. */
export type AppendReply = Omit<AppendFilesReply, 'commitSeq'> & { readonly commitSeq?: number }
export type AppendAnswer = { readonly reply: AppendReply } | { readonly error: unknown }

export interface PlannedAppends {
  readonly answers: ReadonlyMap<Append, AppendAnswer>
  /** To be done once it has landed. */
  readonly after?: () => Promise<void>
}

interface Target {
  readonly name: TableName
  readonly entry: TableEntry | undefined
  readonly metadata: TableMetadata
}

interface Written {
  readonly target: Target
  readonly accepted: readonly Append[]
  readonly snapshotId: number
  readonly attempt: Attempt
  readonly next: TableMetadata
}

/**
 * Makes of one append, or of several into one table, one snapshot on whatever is current. What is wrong
 * with one of them is that one's answer and leaves the others as they are.
 */
export class AppendPlanner {
  readonly #options: TablesOptions

  constructor(options: TablesOptions) {
    this.#options = options
  }

  /** Requires: several appends only where none of them creates the table or changes its schema. */
  async plan(
    state: CatalogState,
    name: TableName,
    appends: readonly Append[],
  ): Promise<CommitPlan<PlannedAppends>> {
    const answers = new Map<Append, AppendAnswer>()
    const accepted: Append[] = []
    const repeated: [Append, 'replay' | 'loaded', Append][] = []
    let target: Target | undefined
    for (const append of appends) {
      const first = accepted.find((other) => isSameCommit(other, append))
      const same = first ?? accepted.find((other) => isSameContent(other, append))
      if (same !== undefined) repeated.push([append, first ? 'replay' : 'loaded', same])
      else {
        const found = await this.#look(state, name, append)
        if (!('target' in found)) answers.set(append, found)
        else {
          target = found.target
          accepted.push(append)
        }
      }
    }
    if (target === undefined) return { changes: [], result: { answers }, holds: () => true }
    const plan = await this.#write(state, target, accepted)
    for (const append of accepted) answers.set(append, { reply: plan.replyTo(append) })
    for (const [append, how, other] of repeated) {
      const reply = plan.replyTo(other)
      answers.set(append, { reply: how === 'replay' ? replayOf(reply) : alreadyLoaded(reply) })
    }
    return { ...plan.commit, result: { answers, after: plan.after } }
  }

  /** The table that an append may go into, or its answer where it may not, or need not. */
  async #look(
    state: CatalogState,
    name: TableName,
    { request }: Append,
  ): Promise<{ readonly target: Target } | AppendAnswer> {
    try {
      const outcome = state.outcome(request.commitId)
      if (outcome !== undefined) return { reply: toReplay(outcome) }
      const target = await this.#target(state, name, request)
      const loaded = request.contentKey
        ? findLoaded(target.metadata, request.mode, request.contentKey)
        : undefined
      if (loaded === undefined || request.again) return { target }
      return { reply: alreadyLoaded({ snapshotId: toWireLong(loaded['snapshot-id']) }) }
    } catch (error) {
      // Contention may look like damage: the store tells them apart.
      if (!(error instanceof HyperMeshError) || error.code === 'corrupt') throw error
      return { error }
    }
  }

  /** The table to commit to: as it stands, or as it would be created. */
  async #target(state: CatalogState, name: TableName, request: Append['request']): Promise<Target> {
    const entry = state.table(name.namespace, name.table)
    if (request.base === null) {
      if (entry !== undefined) throw changed(name, 'exists by now')
      assertFree(state, name)
      assertRoom(state, this.#options.limits)
      this.#checkNamespaces(state, name)
      return { name, entry, metadata: this.#createMetadata(state, name, request) }
    }
    if (entry === undefined || entry.uuid !== request.base.tableUuid) {
      throw changed(name, 'was dropped or replaced')
    }
    const metadata = await this.#options.files.read(entry.metadataLocation)
    if (request.schema !== undefined && metadata['current-schema-id'] !== request.base.schemaId) {
      throw changed(name, 'has another schema by now')
    }
    if (request.schema !== undefined && reusesFieldId(metadata, request.schema)) {
      throw changed(name, 'has given a new field id away')
    }
    return { name: { namespace: entry.namespace, table: entry.table }, entry, metadata }
  }

  #createMetadata(state: CatalogState, name: TableName, request: Append['request']): TableMetadata {
    if (request.schema === undefined) {
      throw new HyperMeshError('invalid', 'a table cannot be created without a schema')
    }
    const uuid = randomUUID()
    const { warehouse } = this.#options
    const asked = { name, location: request.location, uuid }
    const location = warehouse.toCurrent(newLocation(state, warehouse, asked))
    // A writer that looked for a place before a rename made it another table's.
    if (isLocationTaken(state, location)) throw changed(name, 'has no directory of its own')
    const metadata = createTableMetadata(
      {
        name: name.table,
        schema: request.schema,
        'partition-spec': request.layout?.partitionSpec,
        'write-order': request.layout?.sortOrder,
      },
      {
        uuid,
        location,
        nowMs: this.#options.clock.nowMs(),
      },
    )
    if (fieldIds(currentSchema(metadata)) !== fieldIds(request.schema)) {
      throw new HyperMeshError('invalid', 'field ids of a new table must count from 1 in order')
    }
    return metadata
  }

  async #write(state: CatalogState, target: Target, accepted: readonly Append[]) {
    const { attempts, files, warehouse, clock } = this.#options
    const { name, entry, metadata } = target
    const [first] = accepted
    if (first === undefined) throw new TypeError('a snapshot needs an append')
    const place = { locations: [metadata.location], seq: state.seq }
    return attempts.run(place, async (attempt) => {
      // Only ever one append at a time brings a schema.
      const schemaUpdates = schemaUpdatesOf(target, first.request)
      const evolved = nextMetadata(clock, entry, metadata, schemaUpdates)
      const snapshotId = mintSnapshotId()
      const { snapshot, written } = await writeSnapshot({
        warehouse,
        metadata: evolved,
        mode: first.request.mode,
        files: accepted.flatMap(({ request }) => request.files),
        summary: summaryOf(accepted),
        nowMs: Math.max(clock.nowMs(), metadata['last-updated-ms']),
        snapshotId,
        token: attempt.token,
      })
      attempt.written.push(...written)
      const next = nextMetadata(clock, entry, metadata, [
        ...schemaUpdates,
        { action: 'add-snapshot', snapshot },
        {
          action: 'set-snapshot-ref',
          'ref-name': 'main',
          type: 'branch',
          'snapshot-id': snapshotId,
        },
      ])
      const location = await files.write(attempt, {
        location: next.location,
        metadata: next,
        previous: entry?.metadataLocation,
      })
      const changes: readonly Change[] = [
        ...(state.namespace(name.namespace) ? [] : [createNamespace(name.namespace)]),
        { kind: 'put-table', entry: toTableEntry(name, location, next) },
      ]
      return this.#planOf({ target, accepted, snapshotId, attempt, next }, changes)
    })
  }

  #planOf(written: Written, changes: readonly Change[]) {
    const { target, accepted, snapshotId, attempt, next } = written
    const { name, entry, metadata } = target
    const createsNamespace = changes.some((change) => change.kind === 'put-namespace')
    return {
      commit: {
        changes,
        ...outcomesOf(written),
        holds: (now: CatalogState) =>
          (entry === undefined
            ? isFree(now, name) && !isLocationTaken(now, metadata.location)
            : now.table(name.namespace, name.table) === entry) &&
          (now.namespace(name.namespace) === undefined) === createsNamespace &&
          accepted.every(({ request }) => now.outcome(request.commitId) === undefined),
        discard: () => attempt.discard(),
      },
      replyTo: ({ request }: Append): AppendReply => ({
        result: 'committed',
        replayed: false,
        snapshotId,
        receipt: request.receipt ?? null,
      }),
      after: async () => {
        await attempt.keep()
        await this.#options.attempts.deleteAll(metadataFilesToDelete(metadata, next))
      },
    }
  }

  #checkNamespaces(state: CatalogState, name: TableName): void {
    if (state.namespace(name.namespace) !== undefined) return
    if (state.namespaceCount < this.#options.limits.namespacesMax) return
    throw new HyperMeshError('too_large', `no more than ${state.namespaceCount} namespaces`)
  }
}

/** What a replay of a commit id is answered; throws `gone` where it will never be applied. */
export function toReplay(outcome: CommitOutcome): AppendReply {
  if (outcome.result === null) {
    throw new HyperMeshError('gone', `commit ${outcome.commitId} was abandoned`)
  }
  const { snapshotId, receipt } = outcome.result
  return {
    result: 'committed',
    replayed: true,
    commitSeq: outcome.seq,
    snapshotId: toWireLong(snapshotId),
    receipt,
  }
}

function isSameCommit(left: Append, right: Append): boolean {
  return left.request.commitId === right.request.commitId
}

function isSameContent(left: Append, { request }: Append): boolean {
  return request.contentKey !== undefined && !request.again
    ? left.request.contentKey === request.contentKey
    : false
}

function replayOf(reply: AppendReply): AppendReply {
  return { ...reply, replayed: true }
}

function alreadyLoaded({ snapshotId }: Pick<AppendReply, 'snapshotId'>): AppendReply {
  return { result: 'already-loaded', replayed: false, snapshotId, receipt: null }
}

/** One writer's result is the record's own; those of several stand beside each other. */
function outcomesOf({ target, accepted, snapshotId }: Written) {
  const { name } = target
  const resultOf = ({ request }: Append): CommitResult => ({
    table: `${name.namespace}.${name.table}`,
    snapshotId,
    receipt: request.receipt ?? null,
  })
  const [first, ...others] = accepted
  if (first !== undefined && others.length === 0) {
    return { commitId: first.request.commitId, outcome: resultOf(first) }
  }
  return {
    grouped: accepted.map((append) => ({
      commitId: append.request.commitId,
      principal: append.caller.principal.keyId,
      result: resultOf(append),
    })),
  }
}

function createNamespace(namespace: string): Change {
  return { kind: 'put-namespace', namespace, properties: {} }
}

function changed(name: TableName, how: string): HyperMeshError {
  return new HyperMeshError(
    'conflict',
    `table ${name.namespace}.${name.table} ${how}; load it again and plan anew`,
  )
}

/** Makes the schema that the files were written with the table's. */
function schemaUpdatesOf(target: Target, { schema }: Append['request']): TableUpdate[] {
  if (target.entry === undefined || schema === undefined) return []
  return [
    { action: 'add-schema', schema },
    { action: 'set-current-schema', 'schema-id': -1 },
  ]
}

/** What all of them say alike, and the contents of each. */
function summaryOf(accepted: readonly Append[]): Record<string, string> {
  const [first, ...others] = accepted.map(({ request }) => request.summary)
  const common = Object.entries(first ?? {}).filter(([key, value]) =>
    others.every((summary) => summary[key] === value),
  )
  const keys = accepted.flatMap(({ request }) => request.contentKey ?? [])
  return { ...Object.fromEntries(common), ...contentKeySummary(keys) }
}

/** Whether a column that is new to the table has an id that some column had before. */
function reusesFieldId(metadata: TableMetadata, schema: IcebergSchema): boolean {
  const known = fieldsById(currentSchema(metadata))
  return [...fieldsById(schema).keys()].some(
    (id) => id <= metadata['last-column-id'] && !known.has(id),
  )
}

function fieldIds(schema: IcebergSchema): string {
  return JSON.stringify(schema.fields)
}
