import {
  HyperMeshError,
  type Limits,
  type LoadTableReply,
  type TableMetadata,
  type TableName,
  type TableUpdate,
} from '@hypermesh/contract'
import { applyUpdates, type Warehouse } from '@hypermesh/iceberg'
import { type Clock, nearestName } from '@hypermesh/kit'
import type { Attempts } from './attempts.ts'
import { alreadyExists, noSuchNamespace, noSuchTable } from './catalog-errors.ts'
import type { CatalogState } from './catalog-state.ts'
import type { CatalogStore } from './catalog-store.ts'
import type { StoredAnswer, TableEntry } from './commit-record.ts'
import type { MetadataFiles } from './metadata-files.ts'

/** What everything that changes tables works with. */
export interface TablesOptions {
  readonly store: CatalogStore
  readonly attempts: Attempts
  readonly files: MetadataFiles<TableMetadata>
  readonly warehouse: Warehouse
  readonly clock: Clock
  readonly limits: Limits
}

/** A table's metadata and the file that holds it. */
export interface StoredTable {
  readonly metadata: TableMetadata
  readonly metadataLocation: string
}

/** Names compared for a hint: enough to help, few enough to cost nothing. */
const comparedMax = 1000

/** Commits to one table queue behind each other; a view of the name counts as one. */
export function queueKeyOf(name: TableName): string {
  return `${name.namespace}.${name.table}`.toLowerCase()
}

/** The entry of a table, found without regard to case; throws `not_found`, naming the nearest. */
export function findEntry(state: CatalogState, name: TableName): TableEntry {
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

/** The namespace in its own spelling; throws where there is none. */
export function namespaceOf(state: CatalogState, namespace: string): string {
  const entry = state.namespace(namespace)
  if (entry === undefined) throw noSuchNamespace(namespace)
  return entry.namespace
}

/** Whether neither a table nor a view has the name: SQL could not tell them apart. */
export function isFree(state: CatalogState, name: TableName): boolean {
  const { namespace, table } = name
  return state.table(namespace, table) === undefined && state.view(namespace, table) === undefined
}

export function assertFree(state: CatalogState, name: TableName): void {
  const { namespace, table } = name
  if (state.table(namespace, table)) throw alreadyExists(`table ${namespace}.${table}`)
  if (state.view(namespace, table)) throw alreadyExists(`view ${namespace}.${table}`)
}

/** Two tables of one uuid could not be told apart, and those of the same files would delete them. */
export function assertOnlyOfUuid(
  state: CatalogState,
  metadata: TableMetadata,
  held: TableEntry | undefined,
): void {
  const uuid = metadata['table-uuid'].toLowerCase()
  const other = state
    .allTables()
    .find((entry) => entry.uuid.toLowerCase() === uuid && entry !== held)
  if (other === undefined) return
  throw alreadyExists(`table ${other.namespace}.${other.table}, which has the same uuid ${uuid},`)
}

/** Throws unless so many more tables and views may be made. */
export function assertRoom(state: CatalogState, limits: Limits, more = 1): void {
  if (state.tableCount + state.viewCount + more <= limits.tablesMax) return
  throw new HyperMeshError('too_large', `no more than ${limits.tablesMax} tables and views`)
}

export function assertProperties(
  properties: Readonly<Record<string, string>> | undefined,
  { propertiesMax }: Limits,
): void {
  if (Object.keys(properties ?? {}).length > propertiesMax) {
    throw new HyperMeshError('too_large', `more than ${propertiesMax} properties`)
  }
}

/** The metadata after these updates, its log naming the file it replaces. */
export function nextMetadata(
  clock: Clock,
  entry: TableEntry | undefined,
  before: TableMetadata,
  updates: readonly TableUpdate[],
): TableMetadata {
  const nowMs = Math.max(clock.nowMs(), before['last-updated-ms'])
  return applyUpdates(before, updates, {
    nowMs,
    ...(entry === undefined ? {} : { previousLocation: entry.metadataLocation }),
  })
}

/** The location without slashes at its end; throws `invalid` outside of the warehouse. */
export function assertLocation(asked: string, warehouse: Warehouse): string {
  const location = asked.replace(/\/+$/, '')
  warehouse.toKey(location)
  return location
}

/** A location that the creator asked for, or one of the warehouse that no other table has. */
export function newLocation(
  state: CatalogState,
  warehouse: Warehouse,
  asked: { readonly name: TableName; readonly location: string | undefined; readonly uuid: string },
): string {
  if (asked.location !== undefined) {
    return assertLocation(asked.location, warehouse)
  }
  const usual = warehouse.tableLocation(asked.name)
  const isTaken = locationsOf(state).some((other) => other.toLowerCase() === usual.toLowerCase())
  return isTaken ? `${usual}-${asked.uuid.slice(0, 8)}` : usual
}

function locationsOf(state: CatalogState): string[] {
  return [...state.allTables(), ...state.allViews()].map(({ location }) => location)
}

/** Whether a table or view lies there, maybe under another name: one that was renamed stays. */
export function isLocationTaken(state: CatalogState, location: string): boolean {
  return locationsOf(state).includes(location)
}

/** A commit may name only files that this warehouse holds. */
export function assertInWarehouse(updates: readonly TableUpdate[], warehouse: Warehouse): void {
  for (const update of updates) {
    const uri = uriOf(update)
    if (uri !== undefined) warehouse.toKey(uri)
    if (update.action === 'set-location') assertLocation(update.location, warehouse)
  }
}

function uriOf(update: TableUpdate): string | undefined {
  switch (update.action) {
    case 'add-snapshot':
      return update.snapshot['manifest-list']
    case 'set-statistics':
      return update.statistics['statistics-path']
    case 'set-partition-statistics':
      return update['partition-statistics']['statistics-path']
    default:
      return undefined
  }
}

export function toLoadReply({ metadata, metadataLocation }: StoredTable): LoadTableReply {
  return { 'metadata-location': metadataLocation, metadata, config: {} }
}

/** What a replay of the request that made this entry is answered with: the table. */
export function tableAnswer(entry: TableEntry): StoredAnswer {
  const { namespace, table: name, uuid, metadataLocation } = entry
  return { kind: 'table', namespace, name, uuid, metadataLocation }
}
