import { randomUUID } from 'node:crypto'
import {
  type CommitViewRequest,
  type CreateViewRequest,
  type LoadViewReply,
  parseIdentifier,
  type RegisterRequest,
  type TableName,
  type ViewMetadata,
} from '@hypermesh/contract'
import {
  applyViewUpdates,
  assertViewFormat,
  assertViewWhole,
  checkViewRequirements,
  createViewMetadata,
} from '@hypermesh/iceberg'
import { nearestName, requireRole } from '@hypermesh/kit'
import type { EntryAnswer } from './answers.ts'
import type { Attempt } from './attempts.ts'
import type { Caller } from './caller.ts'
import { alreadyExists, noSuchNamespace, noSuchView } from './catalog-errors.ts'
import type { CatalogState } from './catalog-state.ts'
import type { StoredAnswer, ViewEntry } from './commit-record.ts'
import type { MetadataFiles } from './metadata-files.ts'
import { type Page, type PageRequest, pageOf } from './page.ts'
import {
  assertFree,
  assertLocation,
  assertProperties,
  assertRoom,
  isFree,
  namespaceOf,
  newLocation,
  queueKeyOf,
  type TablesOptions,
} from './table-rules.ts'

interface ViewsOptions extends Omit<TablesOptions, 'files'> {
  readonly files: MetadataFiles<ViewMetadata>
}

/** A view goes where a table could: `table` is its name, and no table may have the same. */
type ViewName = TableName

/** Views as the Iceberg REST protocol sees them: metadata alone, the SQL is for engines. */
export class Views {
  readonly #options: ViewsOptions

  constructor(options: ViewsOptions) {
    this.#options = options
  }

  async list(namespace: string, page: PageRequest): Promise<Page<ViewEntry>> {
    const state = await this.#options.store.latest()
    if (state.namespace(namespace) === undefined) throw noSuchNamespace(namespace)
    const { catalogPageMax } = this.#options.limits
    return pageOf(state.views(namespace), (entry) => entry.view, page, catalogPageMax)
  }

  async entry(name: ViewName): Promise<ViewEntry> {
    return findView(await this.#options.store.latest(), name)
  }

  async load(name: ViewName): Promise<LoadViewReply> {
    const { metadataLocation } = await this.entry(name)
    return toReply(metadataLocation, await this.#options.files.read(metadataLocation))
  }

  /** The view that a request made or changed, as it stands now, whatever its name is by now. */
  async loadAnswered(answer: EntryAnswer): Promise<LoadViewReply> {
    const state = await this.#options.store.latest()
    const entry = state.allViews().find((candidate) => candidate.uuid === answer.uuid)
    const metadataLocation = entry?.metadataLocation ?? answer.metadataLocation
    return toReply(metadataLocation, await this.#options.files.readForeign(metadataLocation))
  }

  async create(
    caller: Caller,
    namespace: string,
    request: CreateViewRequest,
  ): Promise<LoadViewReply> {
    const table = parseIdentifier(request.name)
    const { warehouse, limits } = this.#options
    return this.#put(caller, { namespace, table }, async (state) => {
      const name = { namespace: namespaceOf(state, namespace), table }
      assertFree(state, name)
      assertRoom(state, limits)
      const uuid = randomUUID()
      const location = newLocation(state, warehouse, { name, location: request.location, uuid })
      return { name, entry: undefined, metadata: createViewMetadata(request, { uuid, location }) }
    })
  }

  async replace(
    caller: Caller,
    name: ViewName,
    request: CommitViewRequest,
  ): Promise<LoadViewReply> {
    for (const update of request.updates) {
      if (update.action === 'set-location') assertLocation(update.location, this.#options.warehouse)
    }
    return this.#put(caller, name, async (state) => {
      const entry = findView(state, name)
      const before = await this.#options.files.read(entry.metadataLocation)
      checkViewRequirements(before, request.requirements ?? [])
      const metadata = applyViewUpdates(before, request.updates)
      return { name: { namespace: entry.namespace, table: entry.view }, entry, before, metadata }
    })
  }

  /** Takes in a view by its metadata file, which stays as it is. */
  async register(
    caller: Caller,
    namespace: string,
    request: RegisterRequest,
  ): Promise<LoadViewReply> {
    requireRole(caller.principal, 'writer')
    const { files, limits, store, warehouse } = this.#options
    const metadataLocation = request['metadata-location']
    const metadata = await files.readForeign(metadataLocation)
    assertViewFormat(metadata['format-version'])
    assertViewWhole(metadata)
    warehouse.toKey(metadata.location)
    const table = parseIdentifier(request.name)
    await store.commit({
      caller,
      queueKeys: [queueKeyOf({ namespace, table })],
      build: async (state) => {
        const name = { namespace: namespaceOf(state, namespace), table }
        assertFree(state, name)
        assertRoom(state, limits)
        const twin = state.allViews().find((entry) => entry.uuid === metadata['view-uuid'])
        if (twin !== undefined) throw alreadyExists(`view ${twin.namespace}.${twin.view}`)
        const entry = this.#toEntry(name, metadataLocation, metadata)
        return {
          changes: [{ kind: 'put-view', entry }],
          result: undefined,
          answer: viewAnswer(entry),
          holds: (now) => isFree(now, name) && now.namespace(namespace) !== undefined,
        }
      },
    })
    return toReply(metadataLocation, metadata)
  }

  async rename(caller: Caller, source: ViewName, destination: ViewName): Promise<void> {
    requireRole(caller.principal, 'writer')
    const view = parseIdentifier(destination.table)
    await this.#options.store.commit({
      caller,
      queueKeys: [queueKeyOf(source), queueKeyOf(destination)],
      build: async (state) => {
        const entry = findView(state, source)
        const namespace = namespaceOf(state, destination.namespace)
        const name = { namespace, table: view }
        const isItself = queueKeyOf(name) === queueKeyOf(source)
        if (!isItself) assertFree(state, name)
        return {
          changes: [
            { kind: 'drop-view', namespace: entry.namespace, view: entry.view },
            { kind: 'put-view', entry: { ...entry, namespace, view } },
          ],
          result: undefined,
          holds: (now) =>
            now.view(entry.namespace, entry.view) === entry &&
            (isItself || isFree(now, name)) &&
            now.namespace(namespace) !== undefined,
        }
      },
    })
  }

  /** Its metadata files stay; `register` takes it in again. */
  async drop(caller: Caller, name: ViewName): Promise<void> {
    requireRole(caller.principal, 'writer')
    await this.#options.store.commit({
      caller,
      queueKeys: [queueKeyOf(name)],
      build: async (state) => {
        const entry = findView(state, name)
        const { namespace, view } = entry
        return {
          changes: [{ kind: 'drop-view', namespace, view }],
          result: undefined,
          holds: (now) => now.view(namespace, view) === entry,
        }
      },
    })
  }

  async #put(
    caller: Caller,
    name: ViewName,
    plan: (state: CatalogState) => Promise<NextView>,
  ): Promise<LoadViewReply> {
    requireRole(caller.principal, 'writer')
    const { attempts, files, limits, store } = this.#options
    const { result } = await store.commit<{ reply: LoadViewReply; attempt?: Attempt }>({
      caller,
      queueKeys: [queueKeyOf(name)],
      build: async (state) => {
        const next = await plan(state)
        const { entry, metadata } = next
        if (entry !== undefined && metadata === next.before) {
          const reply = toReply(entry.metadataLocation, metadata)
          return { changes: [], result: { reply }, answer: viewAnswer(entry), holds: () => true }
        }
        assertProperties(metadata.properties, limits)
        const { location } = metadata
        return attempts.run({ locations: [location], seq: state.seq }, async (attempt) => {
          const previous = entry?.metadataLocation
          const metadataLocation = await files.write(attempt, { location, metadata, previous })
          const put = this.#toEntry(next.name, metadataLocation, metadata)
          return {
            changes: [{ kind: 'put-view', entry: put } as const],
            result: { reply: toReply(metadataLocation, metadata), attempt },
            answer: viewAnswer(put),
            holds: (now: CatalogState) => isUnmoved(now, next),
            discard: () => attempt.discard(),
          }
        })
      },
    })
    await result.attempt?.keep()
    return result.reply
  }

  #toEntry(name: ViewName, metadataLocation: string, metadata: ViewMetadata): ViewEntry {
    return {
      namespace: name.namespace,
      view: name.table,
      uuid: metadata['view-uuid'],
      metadataLocation,
      location: metadata.location,
      updatedAtMs: this.#options.clock.nowMs(),
    }
  }
}

interface NextView {
  readonly name: ViewName
  /** Undefined: the view is created. */
  readonly entry: ViewEntry | undefined
  readonly before?: ViewMetadata
  readonly metadata: ViewMetadata
}

function isUnmoved(now: CatalogState, { name, entry }: NextView): boolean {
  if (entry !== undefined) return now.view(name.namespace, name.table) === entry
  return isFree(now, name) && now.namespace(name.namespace) !== undefined
}

function findView(state: CatalogState, name: ViewName): ViewEntry {
  const entry = state.view(name.namespace, name.table)
  if (entry !== undefined) return entry
  const known = state.views(name.namespace).map((view) => view.view)
  throw noSuchView(name, nearestName(name.table, known))
}

function toReply(metadataLocation: string, metadata: ViewMetadata): LoadViewReply {
  return { 'metadata-location': metadataLocation, metadata, config: {} }
}

function viewAnswer(entry: ViewEntry): StoredAnswer {
  const { namespace, view: name, uuid, metadataLocation } = entry
  return { kind: 'view', namespace, name, uuid, metadataLocation }
}
