import { randomUUID } from 'node:crypto'
import {
  type AppendFilesReply,
  type AppendFilesRequest,
  appendFilesRequest,
  type FindCommitReply,
  HyperMeshError,
  type IcebergSchema,
  type SettleCommitReply,
  type SettleCommitRequest,
  stringifyJson,
  type TableMetadata,
  type TableName,
  type TableUpdate,
  toWireLong,
} from '@hypermesh/contract'
import {
  contentKeyProperty,
  createTableMetadata,
  currentSchema,
  fieldsById,
  findLoaded,
  metadataFilesToDelete,
  mintSnapshotId,
  writeSnapshot,
} from '@hypermesh/iceberg'
import { requireRole } from '@hypermesh/kit'
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
  nextMetadata,
  queueKeyOf,
  type TablesOptions,
} from './table-rules.ts'

type Request = z.output<typeof appendFilesRequest>
/** `commitSeq` is absent where this very commit will tell it. */
type Reply = Omit<AppendFilesReply, 'commitSeq'> & { readonly commitSeq?: number }
type Plan = CommitPlan<Reply & { readonly after?: () => Promise<void> }>

interface Target {
  readonly name: TableName
  readonly entry: TableEntry | undefined
  readonly metadata: TableMetadata
}

const receiptBytesMax = 16 * 1024

/**
 * The door for writers of finished Parquet files: the snapshot is built here, on whatever is
 * current when the commit lands, so writers never race each other on manifests.
 */
export class AppendFiles {
  readonly #options: TablesOptions

  constructor(options: TablesOptions) {
    this.#options = options
  }

  async append(
    caller: Caller,
    name: TableName,
    body: AppendFilesRequest,
  ): Promise<AppendFilesReply> {
    requireRole(caller.principal, 'writer')
    const request = appendFilesRequest.parse(body)
    this.#checkBounds(request)
    await this.#checkFiles(request)
    const { seq, result } = await this.#options.store.commit({
      caller,
      commitId: request.commitId,
      queueKeys: [queueKeyOf(name)],
      build: (state) => this.#build(state, name, request),
    })
    const { after, ...reply } = result
    await after?.()
    return { commitSeq: seq, ...reply }
  }

  /** After this the commit has landed or never will: the log holds one or the other. */
  async settle(
    caller: Caller,
    commitId: string,
    { sinceSeq }: SettleCommitRequest,
  ): Promise<SettleCommitReply> {
    requireRole(caller.principal, 'writer')
    const { store } = this.#options
    const { result } = await store.commit<SettleCommitReply>({
      caller,
      build: async (state) => {
        // What is remembered is bounded; the log itself is not.
        const outcome = state.outcome(commitId) ?? (await this.#findOutcome(commitId, sinceSeq))
        if (outcome !== undefined) {
          return { changes: [], result: toSettleReply(outcome), holds: () => true }
        }
        return {
          changes: [{ kind: 'abandon-commit', commitId }],
          result: { outcome: 'abandoned', commit: null },
          holds: (now) => now.outcome(commitId) === undefined,
        }
      },
    })
    return result
  }

  /** What is remembered of a commit id, without changing anything. */
  async find(commitId: string): Promise<FindCommitReply> {
    const state = await this.#options.store.latest()
    const outcome = state.outcome(commitId)
    return outcome === undefined ? { outcome: 'unknown', commit: null } : toSettleReply(outcome)
  }

  async position(): Promise<number> {
    return (await this.#options.store.latest()).seq
  }

  async #findOutcome(commitId: string, sinceSeq: number): Promise<CommitOutcome | undefined> {
    const record = await this.#options.store.findRecord(commitId, sinceSeq)
    if (record?.result === undefined) return undefined
    const { seq, atMs, result } = record
    return { commitId, seq, atMs, result }
  }

  async #build(state: CatalogState, name: TableName, request: Request): Promise<Plan> {
    const outcome = state.outcome(request.commitId)
    if (outcome !== undefined) return noChange(toReplay(outcome))
    const target = await this.#target(state, name, request)
    const loaded = request.contentKey
      ? findLoaded(target.metadata, request.mode, request.contentKey)
      : undefined
    if (loaded !== undefined && !request.again) {
      const snapshotId = toWireLong(loaded['snapshot-id'])
      return noChange({ result: 'already-loaded', replayed: false, snapshotId, receipt: null })
    }
    return this.#write(state, target, request)
  }

  /** The table to commit to: as it stands, or as it would be created. */
  async #target(state: CatalogState, name: TableName, request: Request): Promise<Target> {
    const entry = state.table(name.namespace, name.table)
    if (request.base === null) {
      if (entry !== undefined) throw changed(name, 'exists by now')
      assertFree(state, name)
      assertRoom(state, this.#options.limits)
      this.#checkNamespaces(state, name)
      return { name, entry, metadata: this.#createMetadata(name, request) }
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

  #createMetadata(name: TableName, request: Request): TableMetadata {
    if (request.schema === undefined) {
      throw new HyperMeshError('invalid', 'a table cannot be created without a schema')
    }
    const metadata = createTableMetadata(
      {
        name: name.table,
        schema: request.schema,
        'partition-spec': request.layout?.partitionSpec,
        'write-order': request.layout?.sortOrder,
      },
      {
        uuid: randomUUID(),
        location: this.#options.warehouse.tableLocation(name),
        nowMs: this.#options.clock.nowMs(),
      },
    )
    if (fieldIds(currentSchema(metadata)) !== fieldIds(request.schema)) {
      throw new HyperMeshError('invalid', 'field ids of a new table must count from 1 in order')
    }
    return metadata
  }

  async #write(state: CatalogState, target: Target, request: Request): Promise<Plan> {
    const { attempts, files, warehouse, clock } = this.#options
    const { name, entry, metadata } = target
    const place = { locations: [metadata.location], seq: state.seq }
    return attempts.run(place, async (attempt) => {
      const schemaUpdates = this.#schemaUpdates(target, request)
      const evolved = this.#next(target, metadata, schemaUpdates)
      const snapshotId = mintSnapshotId()
      const { snapshot, written } = await writeSnapshot({
        warehouse,
        metadata: evolved,
        mode: request.mode,
        files: request.files,
        summary: summaryOf(request),
        nowMs: Math.max(clock.nowMs(), metadata['last-updated-ms']),
        snapshotId,
        token: attempt.token,
      })
      attempt.written.push(...written)
      const next = this.#next(target, metadata, [
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
      const namespace = state.namespace(name.namespace)
      const put: Change = { kind: 'put-table', entry: toTableEntry(name, location, next) }
      return this.#plan({ target, request, snapshotId, attempt, next }, [
        ...(namespace ? [] : [createNamespace(name.namespace)]),
        put,
      ])
    })
  }

  #plan(
    written: {
      readonly target: Target
      readonly request: Request
      readonly snapshotId: number
      readonly attempt: Attempt
      readonly next: TableMetadata
    },
    changes: readonly Change[],
  ): Plan {
    const { target, request, snapshotId, attempt, next } = written
    const { name, entry, metadata } = target
    const receipt = request.receipt ?? null
    const outcome: CommitResult = { table: `${name.namespace}.${name.table}`, snapshotId, receipt }
    const createsNamespace = changes.some((change) => change.kind === 'put-namespace')
    return {
      changes,
      outcome,
      result: {
        result: 'committed',
        replayed: false,
        snapshotId,
        receipt,
        after: async () => {
          await attempt.keep()
          await this.#options.attempts.deleteAll(metadataFilesToDelete(metadata, next))
        },
      },
      holds: (now) =>
        (entry === undefined
          ? isFree(now, name)
          : now.table(name.namespace, name.table) === entry) &&
        (now.namespace(name.namespace) === undefined) === createsNamespace &&
        now.outcome(request.commitId) === undefined,
      discard: () => attempt.discard(),
    }
  }

  /** Makes the schema that the files were written with the table's. */
  #schemaUpdates(target: Target, request: Request): TableUpdate[] {
    if (target.entry === undefined || request.schema === undefined) return []
    return [
      { action: 'add-schema', schema: request.schema },
      { action: 'set-current-schema', 'schema-id': -1 },
    ]
  }

  #next(target: Target, metadata: TableMetadata, updates: readonly TableUpdate[]): TableMetadata {
    return nextMetadata(this.#options.clock, target.entry, metadata, updates)
  }

  #checkNamespaces(state: CatalogState, name: TableName): void {
    if (state.namespace(name.namespace) !== undefined) return
    if (state.namespaceCount < this.#options.limits.namespacesMax) return
    throw new HyperMeshError('too_large', `no more than ${state.namespaceCount} namespaces`)
  }

  #checkBounds(request: Request): void {
    if (request.files.length > this.#options.limits.commitFilesMax) {
      throw new HyperMeshError(
        'too_large',
        `${request.files.length} files in one commit; at most ${this.#options.limits.commitFilesMax}`,
      )
    }
    if (stringifyJson(request.receipt ?? null).length > receiptBytesMax) {
      throw new HyperMeshError('too_large', `a receipt has at most ${receiptBytesMax} bytes`)
    }
  }

  /** A commit must not name a file that is not there, or not whole. */
  async #checkFiles(request: Request): Promise<void> {
    const { warehouse } = this.#options
    for (const file of request.files) {
      const head = await warehouse.store.head(warehouse.toKey(file.path))
      if (head?.bytes !== file.fileBytes) {
        throw new HyperMeshError(
          'invalid',
          `${file.path} is not there with ${file.fileBytes} bytes`,
        )
      }
    }
  }
}

function noChange(result: Reply): Plan {
  return { changes: [], result, holds: () => true }
}

function createNamespace(namespace: string): Change {
  return { kind: 'put-namespace', namespace, properties: {} }
}

function toReplay(outcome: CommitOutcome): Reply {
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

function toSettleReply(outcome: CommitOutcome): SettleCommitReply {
  if (outcome.result === null) return { outcome: 'abandoned', commit: null }
  return { outcome: 'committed', commit: { ...toReplay(outcome), commitSeq: outcome.seq } }
}

function changed(name: TableName, how: string): HyperMeshError {
  return new HyperMeshError(
    'conflict',
    `table ${name.namespace}.${name.table} ${how}; load it again and plan anew`,
  )
}

function summaryOf(request: Request): Record<string, string> {
  const { contentKey, summary } = request
  return contentKey === undefined ? summary : { ...summary, [contentKeyProperty]: contentKey }
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
