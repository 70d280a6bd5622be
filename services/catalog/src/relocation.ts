import {
  HyperMeshError,
  type RelocateReply,
  type RelocateRequest,
  type TableMetadata,
  type ViewMetadata,
} from '@hypermesh/contract'
import { type RelocatedTable, reachableFiles, relocateTable, Warehouse } from '@hypermesh/iceberg'
import { requireRole } from '@hypermesh/kit'
import type { Attempt } from './attempts.ts'
import type { Caller } from './caller.ts'
import type { CatalogState } from './catalog-state.ts'
import type { Change, TableEntry, ViewEntry } from './commit-record.ts'
import type { MetadataFiles } from './metadata-files.ts'
import type { PositionDeleteFiles } from './position-delete-files.ts'
import { toTableEntry } from './table-entry.ts'
import { queueKeyOf, type TablesOptions } from './table-rules.ts'

interface RelocationOptions extends TablesOptions {
  readonly viewFiles: MetadataFiles<ViewMetadata>
  readonly root: string
  readonly temporary: string
}

type Report = Omit<RelocateReply, 'from' | 'to' | 'applied'>
interface Place {
  readonly target: Warehouse
  readonly signal: AbortSignal
  /** Undefined: only tell what would be done. */
  readonly attempt: Attempt | undefined
}

const blockersShown = 100
/** Rewriting everything again and again under busy writers would never end. */
const attemptsMax = 3

/**
 * Gives the warehouse another URI after its directory has moved: everything that holds URIs is
 * written anew, and one record makes all tables and views name the new files. The old ones stay.
 */
export class Relocation {
  readonly #options: RelocationOptions

  constructor(options: RelocationOptions) {
    this.#options = options
  }

  async relocate(
    caller: Caller,
    request: RelocateRequest,
    signal: AbortSignal,
  ): Promise<RelocateReply> {
    requireRole(caller.principal, 'admin')
    const { store } = this.#options
    const state = await store.latest()
    const uri = newUri(store.warehouseUri, request)
    const target = this.#target(uri)
    const told = { from: store.warehouseUri, to: uri }
    const planned = await this.#walk(state, { target, signal, attempt: undefined })
    if (!request.apply) return { ...told, applied: false, ...planned.report }
    if (planned.report.blockers.length > 0) {
      throw new HyperMeshError(
        'conflict',
        'some tables cannot be relocated; run it without apply',
        {
          details: { blockers: planned.report.blockers },
        },
      )
    }
    const report = await this.#apply(caller, target, signal)
    return { ...told, applied: true, ...report }
  }

  async #apply(caller: Caller, target: Warehouse, signal: AbortSignal): Promise<Report> {
    const { store, attempts } = this.#options
    const { result } = await store.commit({
      caller,
      queueKeys: allNames(await store.latest()),
      build: async (state, attemptIndex) => {
        if (attemptIndex >= attemptsMax) {
          throw new HyperMeshError('conflict', 'other writers kept committing; stop them first')
        }
        const entries = allEntries(state)
        const locations = entries.map(({ location }) => location)
        // Files of position deletes are written beside the data.
        const directories = ['metadata', 'data']
        return attempts.run({ locations, directories, seq: state.seq }, async (attempt) => {
          const { report, changes } = await this.#walk(state, { target, signal, attempt })
          const [blocker] = report.blockers
          if (blocker) throw new HyperMeshError('conflict', `${blocker.name}: ${blocker.reason}`)
          return {
            changes: [{ kind: 'set-warehouse', uri: target.uri } as const, ...changes],
            result: { attempt, report },
            holds: (now: CatalogState) => isSame(entries, allEntries(now)),
            discard: () => attempt.discard(),
          }
        })
      },
    })
    await result.attempt.keep()
    return result.report
  }

  async #walk(state: CatalogState, place: Place): Promise<{ report: Report; changes: Change[] }> {
    const counts = {
      ...{ tables: 0, views: 0, manifests: 0, manifestLists: 0 },
      ...{ positionDeleteFiles: 0, dataFiles: 0 },
    }
    // DuckDB is loaded for this alone.
    const { PositionDeleteFiles } = await import('./position-delete-files.ts')
    await using positions = new PositionDeleteFiles(this.#options)
    const blockers: { name: string; reason: string }[] = []
    const changes: Change[] = []
    for (const entry of state.allTables()) {
      try {
        const { change, relocated } = await this.#table(entry, { ...place, positions })
        changes.push(change)
        counts.tables += 1
        counts.manifests += relocated.manifests
        counts.manifestLists += relocated.manifestLists
        counts.positionDeleteFiles += relocated.positionDeleteFiles
        counts.dataFiles += relocated.dataFiles.size
      } catch (error) {
        if (!(error instanceof HyperMeshError) || place.attempt !== undefined) throw error
        place.signal.throwIfAborted()
        const name = `${entry.namespace}.${entry.table}`
        if (blockers.length < blockersShown) blockers.push({ name, reason: error.message })
      }
    }
    for (const entry of state.allViews()) {
      changes.push(await this.#view(entry, place))
      counts.views += 1
    }
    return { report: { ...counts, blockers }, changes }
  }

  async #table(
    entry: TableEntry,
    { target, signal, attempt, positions }: Place & { readonly positions: PositionDeleteFiles },
  ) {
    const { files, warehouse, clock } = this.#options
    const metadata = await files.read(entry.metadataLocation)
    const relocated = await relocateTable({
      warehouse,
      target,
      metadata,
      token: attempt?.token ?? 'dry-run',
      nowMs: clock.nowMs(),
      signal,
      put: async (uri, body) => {
        if (attempt === undefined) return
        const key = target.toKey(uri)
        attempt.written.push(key)
        await target.store.put(key, body, { ifNoneMatch: '*' })
      },
      rewritePositions: (rewrite) =>
        positions.rewrite(rewrite, {
          publish:
            attempt &&
            (async (path, uri) => {
              const key = target.toKey(uri)
              attempt.written.push(key)
              await target.store.publish(path, key)
            }),
          signal,
        }),
    })
    for (const uri of relocated.dataFiles) {
      signal.throwIfAborted()
      if ((await target.store.head(target.toKey(uri))) !== undefined) continue
      throw new HyperMeshError('invalid', `its file ${uri} is not there`)
    }
    let metadataLocation = entry.metadataLocation
    if (attempt !== undefined) {
      await this.#verify(metadata, relocated, target)
      const next = {
        location: entry.location,
        metadata: relocated.metadata,
        previous: metadataLocation,
      }
      metadataLocation = target.toUri(warehouse.toKey(await files.write(attempt, next)))
    }
    const name = { namespace: entry.namespace, table: entry.table }
    const put = toTableEntry(name, metadataLocation, relocated.metadata)
    return { change: { kind: 'put-table', entry: put } as const, relocated }
  }

  /** Reads what was written as another engine would, by the new URIs alone. */
  async #verify(
    before: TableMetadata,
    { metadata: after, renamed }: RelocatedTable,
    target: Warehouse,
  ): Promise<void> {
    const { warehouse } = this.#options
    const isData = (key: string) => !key.includes('/metadata/')
    const urisOf = (of: Warehouse, metadata: TableMetadata) =>
      reachableFiles({ warehouse: of }, metadata)
    const old = [...(await urisOf(warehouse, before))]
      .map((uri) => {
        const next = renamed.get(uri)
        return next === undefined ? warehouse.toKey(uri) : target.toKey(next)
      })
      .filter(isData)
    const moved = [...(await urisOf(target, after))].map((uri) => target.toKey(uri)).filter(isData)
    const there = new Set(moved)
    if (old.length === moved.length && old.every((key) => there.has(key))) return
    throw new HyperMeshError('corrupt', `relocated metadata of ${after.location} names other files`)
  }

  async #view(entry: ViewEntry, { target, attempt }: Place): Promise<Change> {
    const { viewFiles, warehouse, clock } = this.#options
    const before = await viewFiles.read(entry.metadataLocation)
    const location = target.toUri(warehouse.toKey(before.location))
    const metadata = { ...before, location }
    const { metadataLocation: previous } = entry
    const written =
      attempt === undefined
        ? previous
        : await viewFiles.write(attempt, { location: entry.location, metadata, previous })
    const metadataLocation = target.toUri(warehouse.toKey(written))
    const put = { ...entry, metadataLocation, location, updatedAtMs: clock.nowMs() }
    return { kind: 'put-view', entry: put }
  }

  #target(uri: string): Warehouse {
    return new Warehouse(this.#options.warehouse.store, uri)
  }
}

/** The warehouse's URI with the one prefix in place of the other. */
function newUri(recorded: string, { from, to }: RelocateRequest): string {
  const [old, next] = [from, to].map((uri) => uri.replace(/\/+$/, ''))
  if (
    old === undefined ||
    next === undefined ||
    (recorded !== old && !recorded.startsWith(`${old}/`))
  ) {
    throw new HyperMeshError(
      'invalid',
      `the warehouse is recorded as ${recorded}, which ${from} is no prefix of`,
      { details: { warehouse: recorded } },
    )
  }
  const uri = next + recorded.slice(old.length)
  const path = /^[a-z][a-z0-9+.-]*:\/\/([^?#\\\p{Cc}]+)$/u.exec(uri)?.[1]
  if (path === undefined || path.split('/').some((part) => part === '..' || part === '.')) {
    throw new HyperMeshError('invalid', `${to} is no absolute URI such as file:///data/warehouse`)
  }
  if (uri === recorded) throw new HyperMeshError('invalid', `the warehouse is at ${uri} already`)
  return uri
}

type Entry = TableEntry | ViewEntry

function allEntries(state: CatalogState): readonly Entry[] {
  return [...state.allTables(), ...state.allViews()]
}

function allNames(state: CatalogState): string[] {
  return [
    ...state.allTables().map(queueKeyOf),
    ...state.allViews().map(({ namespace, view }) => queueKeyOf({ namespace, table: view })),
  ]
}

function isSame(left: readonly Entry[], right: readonly Entry[]): boolean {
  return left.length === right.length && left.every((entry, index) => entry === right[index])
}
