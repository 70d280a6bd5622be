import { randomUUID } from 'node:crypto'
import {
  type CommitTableRequest,
  type CommitTransactionRequest,
  HyperMeshError,
  type LoadTableReply,
  parseIdentifier,
  type TableMetadata,
  type TableName,
  type TableUpdate,
} from '@hypermesh/contract'
import { applyUpdates, checkRequirements, metadataFilesToDelete } from '@hypermesh/iceberg'
import { requireRole } from '@hypermesh/kit'
import type { Attempt } from './attempts.ts'
import type { Caller } from './caller.ts'
import { noSuchNamespace } from './catalog-errors.ts'
import type { CatalogState } from './catalog-state.ts'
import type { CommitPlan } from './catalog-store.ts'
import type { StoredAnswer, TableEntry } from './commit-record.ts'
import { ForeignFiles } from './foreign-files.ts'
import { assertSpecsUnused } from './spec-use.ts'
import { toTableEntry } from './table-entry.ts'
import {
  assertFree,
  assertInWarehouse,
  assertOnlyOfUuid,
  assertProperties,
  assertRoom,
  findEntry,
  isFree,
  newLocation,
  nextMetadata,
  queueKeyOf,
  type TablesOptions,
  tableAnswer,
  toLoadReply,
} from './table-rules.ts'

interface TableChange extends Pick<CommitTableRequest, 'requirements' | 'updates'> {
  readonly name: TableName
}

/** What becomes of one table; `metadata` is `before` where its updates change nothing. */
interface NextTable {
  readonly name: TableName
  /** Undefined: the commit creates the table. */
  readonly entry: TableEntry | undefined
  readonly before: TableMetadata | undefined
  readonly metadata: TableMetadata
}

interface Committed {
  readonly attempt: Attempt | undefined
  readonly tables: readonly NextTable[]
  /** One for each table, the new one where it changed. */
  readonly entries: readonly TableEntry[]
}

type AnswerTo = (entries: readonly TableEntry[]) => StoredAnswer | undefined

/** Updates under requirements, of one table or of several at once: one record either way. */
export class TableCommits {
  readonly #options: TablesOptions

  constructor(options: TablesOptions) {
    this.#options = options
  }

  /** Applies updates under their requirements; a failed requirement is `conflict`. */
  async commit(
    caller: Caller,
    name: TableName,
    request: CommitTableRequest,
  ): Promise<LoadTableReply> {
    const { tables, entries } = await this.#commit(caller, [{ name, ...request }], answerOf)
    const [table, entry] = [tables[0], entries[0]]
    if (table === undefined || entry === undefined) throw new TypeError('a commit has one table')
    return toLoadReply({ metadata: table.metadata, metadataLocation: entry.metadataLocation })
  }

  /** Commits to all of the tables or to none: they move in one record of the log. */
  async commitAll(caller: Caller, request: CommitTransactionRequest): Promise<void> {
    const { transactionTablesMax } = this.#options.limits
    const changes = request['table-changes'].map(({ identifier, requirements, updates }) => ({
      name: toTableName(identifier),
      requirements,
      updates,
    }))
    if (changes.length > transactionTablesMax) {
      throw new HyperMeshError('too_large', `a commit has at most ${transactionTablesMax} tables`)
    }
    const names = changes.map(({ name }) => queueKeyOf(name))
    const twice = names.find((name, index) => names.indexOf(name) !== index)
    if (twice !== undefined) {
      throw new HyperMeshError('invalid', `the commit names table ${twice} twice; join its updates`)
    }
    // It has no body to answer, however many tables there are: 204, as by default.
    await this.#commit(caller, changes, () => undefined)
  }

  async #commit(
    caller: Caller,
    changes: readonly TableChange[],
    answerTo: AnswerTo,
  ): Promise<Committed> {
    requireRole(caller.principal, 'writer')
    const { store, attempts, limits, warehouse } = this.#options
    for (const { updates } of changes) assertInWarehouse(updates, warehouse)
    const foreign = new ForeignFiles(warehouse, limits)
    const { result } = await store.commit({
      caller,
      queueKeys: changes.map(({ name }) => queueKeyOf(name)),
      build: async (state) => {
        const plan = await this.#plan(state, changes, foreign)
        const answer = answerTo(plan.result.entries)
        return answer === undefined ? plan : { ...plan, answer }
      },
    })
    await result.attempt?.keep()
    for (const { before, metadata } of result.tables) {
      if (before !== undefined) await attempts.deleteAll(metadataFilesToDelete(before, metadata))
    }
    return result
  }

  async #plan(
    state: CatalogState,
    changes: readonly TableChange[],
    foreign: ForeignFiles,
  ): Promise<CommitPlan<Committed>> {
    const tables: NextTable[] = []
    for (const change of changes) tables.push(await this.#next(state, change, foreign))
    const created = tables.filter((table) => table.entry === undefined).length
    assertRoom(state, this.#options.limits, created)
    const moved = tables.filter((table) => table.metadata !== table.before)
    if (moved.length === 0) {
      const entries = tables.flatMap(({ entry }) => entry ?? [])
      const result = { attempt: undefined, tables, entries }
      return { changes: [], result, holds: () => true }
    }
    const locations = moved.map(({ metadata }) => metadata.location)
    return this.#options.attempts.run({ locations, seq: state.seq }, async (attempt) => {
      const entries: TableEntry[] = []
      for (const table of tables) entries.push(await this.#write(attempt, table))
      return {
        changes: entries
          .filter((entry, index) => entry !== tables[index]?.entry)
          .map((entry) => ({ kind: 'put-table', entry }) as const),
        result: { attempt, tables, entries },
        holds: (now: CatalogState) => tables.every((table) => isUnmoved(now, table)),
        discard: () => attempt.discard(),
      }
    })
  }

  async #next(state: CatalogState, change: TableChange, foreign: ForeignFiles): Promise<NextTable> {
    const { files, warehouse, clock, limits } = this.#options
    const { name, requirements, updates } = change
    const creates = requirements.some(({ type }) => type === 'assert-create')
    if (creates && state.table(name.namespace, name.table) === undefined)
      return this.#create(state, change, foreign)
    const entry = findEntry(state, name)
    const before = await files.read(entry.metadataLocation)
    checkRequirements(before, requirements)
    const metadata = await withMapping(foreign, updates, (more) =>
      nextMetadata(clock, entry, before, more),
    )
    assertProperties(metadata.properties, limits)
    await assertSpecsUnused(warehouse, metadata, updates)
    return { name: { namespace: entry.namespace, table: entry.table }, entry, before, metadata }
  }

  /** What a staged creation comes to: the updates make the whole table. */
  async #create(
    state: CatalogState,
    { name, requirements, updates }: TableChange,
    foreign: ForeignFiles,
  ): Promise<NextTable> {
    const { warehouse, clock, limits } = this.#options
    const table = parseIdentifier(name.table)
    const namespace = state.namespace(name.namespace)?.namespace
    if (namespace === undefined) throw noSuchNamespace(name.namespace)
    assertFree(state, name)
    checkRequirements(undefined, requirements)
    const named = { namespace, table }
    const uuid = randomUUID()
    const location = newLocation(state, warehouse, { name: named, location: undefined, uuid })
    const context = { nowMs: clock.nowMs(), created: { uuid, location } }
    const metadata = await withMapping(foreign, updates, (more) =>
      applyUpdates(undefined, more, context),
    )
    assertProperties(metadata.properties, limits)
    assertOnlyOfUuid(state, metadata, undefined)
    return { name: named, entry: undefined, before: undefined, metadata }
  }

  async #write(attempt: Attempt, table: NextTable): Promise<TableEntry> {
    const { name, entry, before, metadata } = table
    if (entry !== undefined && metadata === before) return entry
    const metadataLocation = await this.#options.files.write(attempt, {
      location: metadata.location,
      metadata,
      previous: entry?.metadataLocation,
    })
    return toTableEntry(name, metadataLocation, metadata)
  }
}

/** What the updates lead to, and what the files that they add need beside. */
async function withMapping(
  foreign: ForeignFiles,
  updates: readonly TableUpdate[],
  apply: (updates: readonly TableUpdate[]) => TableMetadata,
): Promise<TableMetadata> {
  const metadata = apply(updates)
  const more = await foreign.check(metadata, updates)
  return more.length === 0 ? metadata : apply([...updates, ...more])
}

/** Whether the state that the next metadata was built on is still the table's. */
function isUnmoved(now: CatalogState, { name, entry }: NextTable): boolean {
  if (entry !== undefined) return now.table(name.namespace, name.table) === entry
  return isFree(now, name) && now.namespace(name.namespace) !== undefined
}

/** A commit to one table is answered with that table. */
function answerOf([only]: readonly TableEntry[]): StoredAnswer | undefined {
  return only && tableAnswer(only)
}

export function toTableName(identifier: {
  readonly namespace: readonly string[]
  readonly name: string
}): TableName {
  const [namespace, ...deeper] = identifier.namespace
  if (namespace !== undefined && deeper.length === 0) return { namespace, table: identifier.name }
  throw new HyperMeshError('invalid_name', 'namespaces have one level here')
}
