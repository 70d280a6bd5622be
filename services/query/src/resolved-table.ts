import type { HyperMeshClient } from '@hypermesh/client'
import {
  HyperMeshError,
  type Long,
  printable,
  type StructField,
  type TableMetadata,
  type TableName,
} from '@hypermesh/contract'
import type { GuardedTable, ViewName } from '@hypermesh/duckdb'
import { currentSnapshot, scanSchema, snapshotAt } from '@hypermesh/iceberg'
import { fieldsOf, type VirtualDefinition, type VirtualTables } from './virtual-tables.ts'

interface NamedTable {
  /** `namespace.table`, with `@snapshot` where the statement asked for one. */
  readonly label: string
  /** The view that will stand for it. */
  readonly view: ViewName
  readonly fields: readonly StructField[]
}

/** A table of the catalog, at one snapshot. */
export interface ResolvedTable extends NamedTable {
  readonly metadata: TableMetadata
  /** Undefined: the table has no snapshot yet, so it is empty. */
  readonly snapshotId: Long | undefined
  /** The snapshot that the statement asked for; undefined: the current one, under the current schema. */
  readonly travelledTo: Long | undefined
}

/** A table over files that lie elsewhere. */
export interface ResolvedVirtual extends NamedTable {
  readonly definition: VirtualDefinition
}

export interface Resolution {
  /** Each once, however often the statement names it. */
  readonly tables: readonly ResolvedTable[]
  readonly virtuals: readonly ResolvedVirtual[]
  /** One for each place of the statement that names a table, in order. */
  readonly places: readonly ViewName[]
}

export interface ResolveOptions {
  readonly catalog: HyperMeshClient
  readonly virtualTables: VirtualTables
  /** Where a table without a namespace is looked up. */
  readonly namespace: string
  readonly signal: AbortSignal
}

type Loaded = { readonly metadata: TableMetadata } | { readonly definition: VirtualDefinition }

/** Looks the tables up, all at one moment as far as the statement can tell: each is loaded once. */
export async function resolveTables(
  guarded: readonly GuardedTable[],
  options: ResolveOptions,
): Promise<Resolution> {
  const loaded = new Map<string, Promise<Loaded>>()
  const tables = new Map<string, ResolvedTable>()
  const virtuals = new Map<string, ResolvedVirtual>()
  const places: ViewName[] = []
  for (const { namespace = options.namespace, table, at } of guarded) {
    const key = `${namespace}.${table}`.toLowerCase()
    const loading = loaded.get(key) ?? load({ namespace, table }, options)
    loaded.set(key, loading)
    const found = await loading
    if ('definition' in found) {
      if (at !== undefined) throw withoutHistory(found.definition)
      const view = { schema: schemaOf(namespace), view: table }
      const { definition } = found
      const fields = fieldsOf(definition)
      virtuals.set(key, { label: definition.table, view, fields, definition })
      places.push(view)
      continue
    }
    const { metadata } = found
    const snapshot =
      at === undefined ? currentSnapshot(metadata) : snapshotAt(metadata, toMoment(at))
    const snapshotId = snapshot?.['snapshot-id']
    const suffix = at === undefined ? '' : `@${snapshotId}`
    const view = { schema: schemaOf(namespace), view: `${table}${suffix}` }
    places.push(view)
    tables.set(`${key}${suffix}`, {
      label: `${namespace}.${table}${suffix}`,
      view,
      metadata,
      snapshotId,
      travelledTo: at && snapshotId,
      fields: scanSchema(metadata, at && snapshotId).fields,
    })
  }
  return { tables: [...tables.values()], virtuals: [...virtuals.values()], places }
}

/** Databases of DuckDB: `temp.t` would be a table of theirs, so views of such a namespace move. */
const databases = /^(?:memory|system|temp|(?:q|spill)_\d+)$/i

function schemaOf(namespace: string): string {
  return databases.test(namespace) ? `${namespace}@` : namespace
}

/** A table of the catalog hides a virtual one of its name. */
async function load(name: TableName, options: ResolveOptions): Promise<Loaded> {
  const { catalog, virtualTables, signal } = options
  try {
    return { metadata: (await catalog.loadTable(name, { signal })).metadata }
  } catch (error) {
    if (!(error instanceof HyperMeshError) || error.code !== 'not_found') throw error
    const definition = await virtualTables.find(name)
    if (definition !== undefined) return { definition }
    // The catalog's words are right, but a statement's error names what the statement said.
    const nearest = error.details?.nearest
    const hint = typeof nearest === 'string' ? `; did you mean ${nearest}?` : ''
    const wanted = `${printable(name.namespace)}.${printable(name.table)}`
    throw new HyperMeshError('not_found', `no table named ${wanted}${hint}`, { cause: error })
  }
}

function withoutHistory({ table }: VirtualDefinition): HyperMeshError {
  return new HyperMeshError('invalid', `${table} is a virtual table, which has no snapshots`)
}

/** Ids in metadata are numbers where a number is exact. */
function toMoment(at: NonNullable<GuardedTable['at']>) {
  if (!('version' in at)) return at
  const number = Number(at.version)
  return { version: Number.isSafeInteger(number) ? number : at.version }
}
