import { randomUUID } from 'node:crypto'
import {
  type CreateTableReply,
  type CreateTableRequest,
  HyperMeshError,
  type LoadTableReply,
  parseIdentifier,
  type RegisterRequest,
  type TableMetadata,
  type TableName,
} from '@hypermesh/contract'
import {
  assertFormatVersion,
  assertWhole,
  createTableMetadata,
  reachableFiles,
} from '@hypermesh/iceberg'
import { requireRole } from '@hypermesh/kit'
import type { EntryAnswer } from './answers.ts'
import type { Caller } from './caller.ts'
import { noSuchNamespace, noSuchTable } from './catalog-errors.ts'
import type { CatalogState } from './catalog-state.ts'
import type { TableEntry } from './commit-record.ts'
import { type Page, type PageRequest, pageOf } from './page.ts'
import { toTableEntry } from './table-entry.ts'
import {
  assertFree,
  assertOnlyOfUuid,
  assertProperties,
  assertRoom,
  findEntry,
  isFree,
  namespaceOf,
  newLocation,
  queueKeyOf,
  type TablesOptions,
  tableAnswer,
  toLoadReply,
} from './table-rules.ts'

/** Tables as the Iceberg REST protocol sees them. */
export class Tables {
  readonly #options: TablesOptions

  constructor(options: TablesOptions) {
    this.#options = options
  }

  async list(namespace: string, page: PageRequest): Promise<Page<TableEntry>> {
    const state = await this.#options.store.latest()
    if (state.namespace(namespace) === undefined) throw noSuchNamespace(namespace)
    const { catalogPageMax } = this.#options.limits
    return pageOf(state.tables(namespace), (entry) => entry.table, page, catalogPageMax)
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
      const { metadataLocation } = entry
      try {
        const metadata = await this.#options.files.read(metadataLocation)
        return toLoadReply({ metadata, metadataLocation })
      } catch (error) {
        // A table that has moved on may have dropped its old metadata since it was looked up.
        const latest = await this.entry(name)
        if (latest === entry) throw error
        entry = latest
      }
    }
  }

  /** The table that a request made or changed, as it stands now, whatever its name is by now. */
  async loadAnswered({ namespace, name, uuid, metadataLocation }: EntryAnswer) {
    const state = await this.#options.store.latest()
    const entry = state.allTables().find((candidate) => candidate.uuid === uuid)
    if (entry !== undefined) return this.load(entry)
    try {
      const metadata = await this.#options.files.readForeign(metadataLocation)
      return toLoadReply({ metadata, metadataLocation })
    } catch (error) {
      if (!(error instanceof HyperMeshError) || error.code !== 'not_found') throw error
      throw noSuchTable({ namespace, table: name }, undefined)
    }
  }

  /** Staged: the metadata is returned and nothing stored; a commit with `assert-create` does that. */
  async create(
    caller: Caller,
    namespace: string,
    request: CreateTableRequest,
  ): Promise<CreateTableReply> {
    requireRole(caller.principal, 'writer')
    const table = parseIdentifier(request.name)
    if (request['stage-create']) {
      const state = await this.#options.store.latest()
      const { metadata } = this.#created(state, { namespace, table }, request)
      return { metadata, config: {} }
    }
    const { store, attempts, files } = this.#options
    const { result } = await store.commit({
      caller,
      build: async (state) => {
        const { name, metadata } = this.#created(state, { namespace, table }, request)
        const { location } = metadata
        return attempts.run({ locations: [location], seq: state.seq }, async (attempt) => {
          const metadataLocation = await files.write(attempt, { location, metadata })
          const entry = toTableEntry(name, metadataLocation, metadata)
          return {
            changes: [{ kind: 'put-table', entry } as const],
            result: { attempt, metadata, metadataLocation },
            answer: tableAnswer(entry),
            holds: (now: CatalogState) =>
              isFree(now, name) && now.namespace(namespace) !== undefined,
            discard: () => attempt.discard(),
          }
        })
      },
    })
    await result.attempt.keep()
    return toLoadReply(result)
  }

  /** Takes in a table by its metadata file, which stays as it is. */
  async register(
    caller: Caller,
    namespace: string,
    request: RegisterRequest,
  ): Promise<LoadTableReply> {
    requireRole(caller.principal, 'writer')
    const { files, limits, store } = this.#options
    const metadataLocation = request['metadata-location']
    const metadata = await files.readForeign(metadataLocation)
    this.#assertRegistrable(metadata)
    const table = parseIdentifier(request.name)
    await store.commit({
      caller,
      queueKeys: [queueKeyOf({ namespace, table })],
      build: async (state) => {
        const name = { namespace: namespaceOf(state, namespace), table }
        const held = state.table(namespace, table)
        if (held === undefined || !request.overwrite) assertFree(state, name)
        if (held === undefined) assertRoom(state, limits)
        assertOnlyOfUuid(state, metadata, held)
        const entry = toTableEntry(name, metadataLocation, metadata)
        return {
          changes: [{ kind: 'put-table', entry }],
          result: undefined,
          answer: tableAnswer(entry),
          holds: (now) =>
            now.table(namespace, table) === held &&
            (held !== undefined || isFree(now, name)) &&
            now.namespace(namespace) !== undefined,
        }
      },
    })
    return toLoadReply({ metadata, metadataLocation })
  }

  /** Gives a table another name, in another namespace too. Its files stay where they are. */
  async rename(caller: Caller, source: TableName, destination: TableName): Promise<void> {
    requireRole(caller.principal, 'writer')
    const table = parseIdentifier(destination.table)
    await this.#options.store.commit({
      caller,
      queueKeys: [queueKeyOf(source), queueKeyOf(destination)],
      build: async (state) => {
        const entry = findEntry(state, source)
        const name = { namespace: namespaceOf(state, destination.namespace), table }
        const isItself = queueKeyOf(name) === queueKeyOf(entry)
        if (!isItself) assertFree(state, name)
        return {
          changes: [
            { kind: 'drop-table', namespace: entry.namespace, table: entry.table },
            { kind: 'put-table', entry: { ...entry, ...name } },
          ],
          result: undefined,
          holds: (now) =>
            now.table(entry.namespace, entry.table) === entry &&
            (isItself || isFree(now, name)) &&
            now.namespace(name.namespace) !== undefined,
        }
      },
    })
  }

  async drop(caller: Caller, name: TableName, options: { readonly purge: boolean }): Promise<void> {
    requireRole(caller.principal, 'writer')
    const { store, attempts } = this.#options
    const { result } = await store.commit({
      caller,
      queueKeys: [queueKeyOf(name)],
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
    await attempts.deleteAll(result)
  }

  #created(state: CatalogState, asked: TableName, request: CreateTableRequest) {
    const { warehouse, clock, limits } = this.#options
    const name = { namespace: namespaceOf(state, asked.namespace), table: asked.table }
    assertFree(state, name)
    assertRoom(state, limits)
    const uuid = randomUUID()
    const location = newLocation(state, warehouse, { name, location: request.location, uuid })
    const metadata = createTableMetadata(request, { uuid, location, nowMs: clock.nowMs() })
    assertProperties(metadata.properties, limits)
    return { name, metadata }
  }

  #assertRegistrable(metadata: TableMetadata): void {
    const { warehouse, limits } = this.#options
    assertFormatVersion(metadata['format-version'])
    assertWhole(metadata)
    assertProperties(metadata.properties, limits)
    warehouse.toKey(metadata.location)
    for (const snapshot of metadata.snapshots ?? []) warehouse.toKey(snapshot['manifest-list'])
  }

  /** None where `gc.enabled` is false: the files may be another table's too. */
  async #purgeable({ metadataLocation }: TableEntry): Promise<readonly string[]> {
    const { files, warehouse } = this.#options
    const metadata = await files.read(metadataLocation)
    if (metadata.properties?.['gc.enabled'] === 'false') return []
    return [...(await reachableFiles({ warehouse }, metadata)), metadataLocation]
  }
}
