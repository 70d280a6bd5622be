import type { HyperMeshClient } from '@hypermesh/client'
import {
  HyperMeshError,
  type Long,
  printable,
  type StructField,
  type TableMetadata,
} from '@hypermesh/contract'
import type { GuardedTable, ViewName } from '@hypermesh/duckdb'
import { currentSnapshot, scanSchema, snapshotAt } from '@hypermesh/iceberg'

/** A table of a statement, at one snapshot, with the name of the view that will stand for it. */
export interface ResolvedTable {
  /** `namespace.table`, with `@snapshot` where the statement asked for one. */
  readonly label: string
  readonly view: ViewName
  readonly metadata: TableMetadata
  /** Undefined: the table has no snapshot yet, so it is empty. */
  readonly snapshotId: Long | undefined
  /** The snapshot that the statement asked for; undefined: the current one, under the current schema. */
  readonly travelledTo: Long | undefined
  readonly fields: readonly StructField[]
}

export interface Resolution {
  /** Each once, however often the statement names it. */
  readonly tables: readonly ResolvedTable[]
  /** One for each place of the statement that names a table, in order. */
  readonly places: readonly ViewName[]
}

interface ResolveOptions {
  readonly catalog: HyperMeshClient
  /** Where a table without a namespace is looked up. */
  readonly namespace: string
  readonly signal: AbortSignal
}

/** Looks the tables up, all at one moment as far as the statement can tell: each is loaded once. */
export async function resolveTables(
  guarded: readonly GuardedTable[],
  options: ResolveOptions,
): Promise<Resolution> {
  const loaded = new Map<string, Promise<TableMetadata>>()
  const tables = new Map<string, ResolvedTable>()
  const places: ViewName[] = []
  for (const { namespace = options.namespace, table, at } of guarded) {
    const key = `${namespace}.${table}`.toLowerCase()
    const loading = loaded.get(key) ?? loadTable({ namespace, table }, options)
    loaded.set(key, loading)
    const metadata = await loading
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
  return { tables: [...tables.values()], places }
}

/** Databases of DuckDB: `temp.t` would be a table of theirs, so views of such a namespace move. */
const databases = /^(?:memory|system|temp|(?:q|spill)_\d+)$/i

function schemaOf(namespace: string): string {
  return databases.test(namespace) ? `${namespace}@` : namespace
}

async function loadTable(
  name: { readonly namespace: string; readonly table: string },
  { catalog, signal }: ResolveOptions,
): Promise<TableMetadata> {
  try {
    return (await catalog.loadTable(name, { signal })).metadata
  } catch (error) {
    if (!(error instanceof HyperMeshError) || error.code !== 'not_found') throw error
    // The catalog's words are right, but a statement's error names what the statement said.
    const nearest = error.details?.nearest
    const hint = typeof nearest === 'string' ? `; did you mean ${nearest}?` : ''
    const wanted = `${printable(name.namespace)}.${printable(name.table)}`
    throw new HyperMeshError('not_found', `no table named ${wanted}${hint}`, { cause: error })
  }
}

/** Ids in metadata are numbers where a number is exact. */
function toMoment(at: NonNullable<GuardedTable['at']>) {
  if (!('version' in at)) return at
  const number = Number(at.version)
  return { version: Number.isSafeInteger(number) ? number : at.version }
}
