import { randomUUID } from 'node:crypto'
import {
  type CommitTableRequest,
  type CreateTableRequest,
  HyperMeshError,
  type Limits,
  type LoadTableReply,
  type Principal,
  parseIdentifier,
  type TableMetadata,
  type TableName,
  type TableUpdate,
} from '@hypermesh/contract'
import {
  applyUpdates,
  checkRequirements,
  createTableMetadata,
  metadataFilesToDelete,
  reachableFiles,
  type Warehouse,
} from '@hypermesh/iceberg'
import { type Clock, nearestName, requireRole } from '@hypermesh/kit'
import { alreadyExists, noSuchNamespace, noSuchTable } from './catalog-errors.ts'
import type { CatalogState } from './catalog-state.ts'
import type { CatalogStore } from './catalog-store.ts'
import type { TableEntry } from './commit-record.ts'
import { type Page, type PageRequest, pageOf } from './page.ts'
import { toTableEntry } from './table-entry.ts'
import type { Attempt, TableFiles } from './table-files.ts'

export interface TablesOptions {
  readonly store: CatalogStore
  readonly files: TableFiles
  readonly warehouse: Warehouse
  readonly clock: Clock
  readonly limits: Limits
}

interface Written {
  /** undefined: nothing had to be written. */
  readonly attempt: Attempt | undefined
  readonly before: TableMetadata
  readonly metadata: TableMetadata
  readonly metadataLocation: string
}

/** Tables as the Iceberg REST protocol sees them. */
export class Tables {
  readonly #options: TablesOptions

  constructor(options: TablesOptions) {
    this.#options = options
  }

  async list(namespace: string, page: PageRequest): Promise<Page<TableEntry>> {
    const state = await this.#options.store.latest()
    if (state.namespace(namespace) === undefined) throw noSuchNamespace(namespace)
    const entries = state.tables(namespace)
    const names = pageOf(
      entries.map((entry) => entry.table),
      page,
      this.#options.limits.catalogPageMax,
    )
    const chosen = new Set(names.items)
    return { items: entries.filter((entry) => chosen.has(entry.table)), next: names.next }
  }

  async all(): Promise<TableEntry[]> {
    const state = await this.#options.store.latest()
    return state.namespaces().flatMap((entry) => state.tables(entry.namespace))
  }

  async entry(name: TableName): Promise<TableEntry> {
    return findEntry(await this.#options.store.latest(), name)
  }

  async load(name: TableName): Promise<LoadTableReply> {
    for (let entry = await this.entry(name); ; ) {
      try {
        const metadata = await this.#options.files.read(entry.metadataLocation)
        return { 'metadata-location': entry.metadataLocation, metadata, config: {} }
      } catch (error) {
        // A table that has moved on may have dropped its old metadata since it was looked up.
        const latest = await this.entry(name)
        if (latest === entry) throw error
        entry = latest
      }
    }
  }

  async create(principal: Principal, namespace: string, request: CreateTableRequest) {
    requireRole(principal, 'writer')
    if (request['stage-create']) {
      throw new HyperMeshError('unsupported', 'staged creation of tables is not served')
    }
    const name = { namespace, table: parseIdentifier(request.name) }
    const { result } = await this.#options.store.commit({
      principal,
      build: async (state) => {
        const { files, clock } = this.#options
        if (state.namespace(namespace) === undefined) throw noSuchNamespace(namespace)
        this.checkCreate(state, name)
        const location = this.#location(name, request.location)
        const uuid = randomUUID()
        const metadata = createTableMetadata(request, { uuid, location, nowMs: clock.nowMs() })
        this.checkProperties(metadata)
        return files.attempt({ location, seq: state.seq }, async (attempt) => {
          const metadataLocation = await files.write(attempt, metadata, undefined)
          const entry = toTableEntry(name, metadataLocation, metadata)
          return {
            changes: [{ kind: 'put-table', entry } as const],
            result: { attempt, metadata, metadataLocation },
            holds: (now: CatalogState) =>
              !now.table(namespace, name.table) && now.namespace(namespace) !== undefined,
            discard: () => attempt.discard(),
          }
        })
      },
    })
    await result.attempt.keep()
    return this.#reply(result)
  }

  /** Applies updates under their requirements; a failed requirement is `conflict`. */
  async commit(principal: Principal, name: TableName, request: CommitTableRequest) {
    requireRole(principal, 'writer')
    const { store, files, warehouse } = this.#options
    checkLocations(request.updates, warehouse)
    const { result } = await store.commit<Written>({
      principal,
      queueKey: queueKeyOf(name),
      build: async (state) => {
        const entry = findEntry(state, name)
        const before = await files.read(entry.metadataLocation)
        checkRequirements(before, request.requirements)
        const metadata = this.nextMetadata(entry, before, request.updates)
        if (metadata === before) return unchanged(entry, before)
        this.checkProperties(metadata)
        return files.attempt({ location: entry.location, seq: state.seq }, async (attempt) => {
          const metadataLocation = await files.write(attempt, metadata, entry.metadataLocation)
          const named = { namespace: entry.namespace, table: entry.table }
          const put = toTableEntry(named, metadataLocation, metadata)
          return {
            changes: [{ kind: 'put-table', entry: put } as const],
            result: { attempt, metadata, metadataLocation, before },
            holds: (now: CatalogState) => now.table(name.namespace, name.table) === entry,
            discard: () => attempt.discard(),
          }
        })
      },
    })
    await result.attempt?.keep()
    await this.dropOldMetadata(result.before, result.metadata)
    return this.#reply(result)
  }

  async drop(
    principal: Principal,
    name: TableName,
    options: { readonly purge: boolean },
  ): Promise<void> {
    requireRole(principal, 'writer')
    const { store, files } = this.#options
    const { result } = await store.commit({
      principal,
      queueKey: queueKeyOf(name),
      build: async (state) => {
        const entry = findEntry(state, name)
        const { namespace, table } = entry
        // Read before the drop: a table whose files cannot be told is not dropped with a purge.
        const purged = options.purge ? await this.#purgeable(entry) : []
        return {
          changes: [{ kind: 'drop-table', namespace, table }],
          result: purged,
          holds: (now) => now.table(namespace, table) === entry,
        }
      },
    })
    await files.deleteAll(result)
  }

  /** None where `gc.enabled` is false: the files may be another table's too. */
  async #purgeable({ metadataLocation }: TableEntry): Promise<readonly string[]> {
    const { files, warehouse } = this.#options
    const metadata = await files.read(metadataLocation)
    if (metadata.properties?.['gc.enabled'] === 'false') return []
    return [...(await reachableFiles({ warehouse }, metadata)), metadataLocation]
  }

  /** The metadata after these updates, its log naming the file it replaces. */
  nextMetadata(
    entry: TableEntry | undefined,
    before: TableMetadata,
    updates: readonly TableUpdate[],
  ): TableMetadata {
    const nowMs = Math.max(this.#options.clock.nowMs(), before['last-updated-ms'])
    return applyUpdates(before, updates, {
      nowMs,
      ...(entry === undefined ? {} : { previousLocation: entry.metadataLocation }),
    })
  }

  /** Deletes the metadata files that fell out of the metadata log, where the table asks for it. */
  async dropOldMetadata(before: TableMetadata, after: TableMetadata): Promise<void> {
    await this.#options.files.deleteAll(metadataFilesToDelete(before, after))
  }

  /** Requires: whether the namespace must exist was checked by the caller. */
  checkCreate(state: CatalogState, name: TableName): void {
    if (state.table(name.namespace, name.table)) {
      throw alreadyExists(`table ${name.namespace}.${name.table}`)
    }
    if (state.tableCount >= this.#options.limits.tablesMax) {
      throw new HyperMeshError('too_large', `no more than ${state.tableCount} tables`)
    }
  }

  checkProperties(metadata: TableMetadata): void {
    const { propertiesMax } = this.#options.limits
    if (Object.keys(metadata.properties ?? {}).length > propertiesMax) {
      throw new HyperMeshError('too_large', `a table has at most ${propertiesMax} properties`)
    }
  }

  #location(name: TableName, asked: string | undefined): string {
    const { warehouse } = this.#options
    if (asked === undefined) return warehouse.tableLocation(name)
    const location = asked.replace(/\/+$/, '')
    warehouse.toKey(location)
    return location
  }

  #reply(written: { readonly metadata: TableMetadata; readonly metadataLocation: string }) {
    return {
      'metadata-location': written.metadataLocation,
      metadata: written.metadata,
      config: {},
    }
  }
}

/** Names compared for a hint: enough to help, few enough to cost nothing. */
const comparedMax = 1000

/** Commits to one table queue behind each other. */
export function queueKeyOf(name: TableName): string {
  return `${name.namespace}.${name.table}`.toLowerCase()
}

/** The entry of a table, found without regard to case; throws `not_found`, naming the nearest. */
function findEntry(state: CatalogState, name: TableName): TableEntry {
  const entry = state.table(name.namespace, name.table)
  if (entry !== undefined) return entry
  const known = state
    .namespaces()
    .flatMap((namespace) =>
      state.tables(namespace.namespace).map((table) => `${table.namespace}.${table.table}`),
    )
    .slice(0, comparedMax)
  throw noSuchTable(name, nearestName(`${name.namespace}.${name.table}`, known))
}

/** Updates that change nothing make no commit. */
function unchanged(entry: TableEntry, metadata: TableMetadata) {
  const { metadataLocation } = entry
  return {
    changes: [],
    result: { attempt: undefined, metadata, metadataLocation, before: metadata },
    holds: () => true,
  }
}

/** A snapshot may name only files that this warehouse holds. */
function checkLocations(updates: readonly TableUpdate[], warehouse: Warehouse): void {
  for (const update of updates) {
    if (update.action === 'add-snapshot') warehouse.toKey(update.snapshot['manifest-list'])
    if (update.action === 'set-location') warehouse.toKey(update.location)
  }
}
