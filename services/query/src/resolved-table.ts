import type { TableReader } from '@hypermesh/client'
import {
  HyperMeshError,
  type Long,
  printable,
  type StructField,
  type TableMetadata,
  type TableName,
  type ViewMetadata,
} from '@hypermesh/contract'
import {
  type DuckSession,
  type GuardedSql,
  type GuardedTable,
  guardSql,
  type PlannedView,
  type PlannerMemory,
  type ViewName,
} from '@hypermesh/duckdb'
import { currentSnapshot, scanSchema, schemaIdOf, snapshotAt } from '@hypermesh/iceberg'
import type { KnownTables } from './known-tables.ts'
import {
  type CalledTable,
  CalledTables,
  tableFunctionNames,
} from './table-functions/called-tables.ts'
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
  /** Each once, however often the statement and its views name it. */
  readonly tables: readonly ResolvedTable[]
  readonly virtuals: readonly ResolvedVirtual[]
  /** Each after those that it reads. */
  readonly views: readonly PlannedView[]
  /** Calls of table functions, of the statement and of its views. */
  readonly called: readonly CalledTable[]
  /** One for each place of the statement that names a table, in order; and for each of its calls. */
  readonly places: readonly ViewName[]
  readonly callPlaces: readonly ViewName[]
}

export interface ResolveOptions {
  readonly catalog: TableReader
  readonly knownTables: KnownTables
  readonly virtualTables: VirtualTables
  /** Parses the SQL of views. */
  readonly planning: DuckSession
  readonly memory: PlannerMemory
  readonly viewDepthMax: number
  readonly callsMax: number
  /** Where a table without a namespace is looked up. */
  readonly namespace: string
  readonly signal: AbortSignal
}

type Loaded =
  | { readonly metadata: TableMetadata }
  | { readonly definition: VirtualDefinition }
  | { readonly viewMetadata: ViewMetadata }

/** Looks the tables up, all at one moment as far as the statement can tell: each is loaded once. */
export async function resolveTables(
  guarded: Pick<GuardedSql, 'tables' | 'calls'>,
  options: ResolveOptions,
): Promise<Resolution> {
  const resolver = new Resolver(options)
  const callPlaces = resolver.called.add(guarded.calls)
  const places = await resolver.resolve(guarded.tables, options.namespace, [])
  const { tables, virtuals, views, called } = resolver
  const all = <Item>(map: ReadonlyMap<string, Item>) => [...map.values()]
  return {
    ...{ tables: all(tables), virtuals: all(virtuals), views: all(views) },
    ...{ called: called.tables, places, callPlaces },
  }
}

class Resolver {
  readonly tables = new Map<string, ResolvedTable>()
  readonly virtuals = new Map<string, ResolvedVirtual>()
  readonly views = new Map<string, PlannedView>()
  readonly called: CalledTables
  readonly #options: ResolveOptions
  readonly #loaded = new Map<string, Promise<Loaded>>()

  constructor(options: ResolveOptions) {
    this.#options = options
    this.called = new CalledTables(options.callsMax)
  }

  /** `within` holds the views that the names stand in, the outermost first. */
  async resolve(
    guarded: readonly GuardedTable[],
    defaultNamespace: string,
    within: readonly string[],
  ): Promise<ViewName[]> {
    const places: ViewName[] = []
    for (const { namespace = defaultNamespace, table, at } of guarded) {
      const name = { namespace, table }
      const key = `${namespace}.${table}`.toLowerCase()
      const loading = this.#loaded.get(key) ?? load(name, this.#options)
      this.#loaded.set(key, loading)
      const found = await loading
      const view = { schema: schemaOf(namespace), view: table }
      if ('metadata' in found) {
        places.push(this.#addTable(name, found.metadata, at))
        continue
      }
      places.push(view)
      if (at !== undefined) throw withoutHistory(name)
      if ('definition' in found) {
        const { definition } = found
        const fields = fieldsOf(definition)
        this.virtuals.set(key, { label: definition.table, view, fields, definition })
      } else {
        await this.#addView({ name, key, view }, found.viewMetadata, within)
      }
    }
    return places
  }

  #addTable(
    { namespace, table }: TableName,
    metadata: TableMetadata,
    at: GuardedTable['at'],
  ): ViewName {
    const snapshot =
      at === undefined ? currentSnapshot(metadata) : snapshotAt(metadata, toMoment(at))
    const snapshotId = snapshot?.['snapshot-id']
    const suffix = at === undefined ? '' : `@${snapshotId}`
    const label = `${namespace}.${table}${suffix}`
    const view = { schema: schemaOf(namespace), view: `${table}${suffix}` }
    const travelledTo = at && snapshotId
    const { fields } = scanSchema(metadata, travelledTo)
    this.tables.set(label.toLowerCase(), { label, view, metadata, snapshotId, travelledTo, fields })
    return view
  }

  async #addView(
    { name, key, view }: { name: TableName; key: string; view: ViewName },
    metadata: ViewMetadata,
    within: readonly string[],
  ): Promise<void> {
    const { planning, memory, signal, viewDepthMax } = this.#options
    if (within.includes(key)) throw wrongView(name, 'reads itself', { path: [...within, key] })
    if (within.length >= viewDepthMax) {
      throw wrongView(name, `stands in more than ${viewDepthMax} views`, { viewDepthMax })
    }
    if (this.views.has(key)) return
    const { sql, namespace, columnNames } = readView(name, metadata)
    const inView = (error: unknown): never => {
      if (!(error instanceof HyperMeshError) || error.code !== 'invalid') throw error
      throw wrongView(name, `is not read: ${error.message}`, { reason: error.details?.reason })
    }
    const tableFunctions = tableFunctionNames
    const guarded = await guardSql(planning, sql, { memory, signal, tableFunctions }).catch(inView)
    if (guarded.kind !== 'select' || guarded.allParameters.size > 0) {
      throw wrongView(name, 'must be a query without parameters')
    }
    const places = await this.resolve(guarded.tables, namespace, [...within, key])
    const { body } = await guarded.rewrite(places, this.called.add(guarded.calls))
    // Set after what it reads, so that views are in the order in which they can be made.
    this.views.set(key, { ...view, sql: body, columnNames })
  }
}

/** The view's SQL for DuckDB, and the names that its columns have. */
function readView(name: TableName, metadata: ViewMetadata) {
  const version = metadata.versions.find(
    (each) => each['version-id'] === metadata['current-version-id'],
  )
  const text = version?.representations.find(
    ({ type, dialect }) => type === 'sql' && dialect?.toLowerCase() === 'duckdb',
  )?.sql
  if (version === undefined || text === undefined) {
    const dialects = version?.representations.map(({ dialect }) => dialect ?? '?') ?? []
    throw new HyperMeshError(
      'unsupported',
      `view ${name.namespace}.${name.table} has SQL for ${dialects.join(', ')}, not for duckdb`,
      { details: { dialects } },
    )
  }
  const schema = metadata.schemas.find((each) => schemaIdOf(each) === version['schema-id'])
  return {
    sql: text,
    namespace: version['default-namespace'][0] ?? name.namespace,
    columnNames: schema?.fields.map((field) => field.name) ?? [],
  }
}

/** Databases of DuckDB: `temp.t` would be a table of theirs, so views of such a namespace move. */
const databases = /^(?:memory|system|temp|(?:q|spill)_\d+)$/i

function schemaOf(namespace: string): string {
  return databases.test(namespace) ? `${namespace}@` : namespace
}

/** A table or view of the catalog hides a virtual table of its name. */
async function load(name: TableName, options: ResolveOptions): Promise<Loaded> {
  const { catalog, knownTables, virtualTables, signal } = options
  const table = await orMissing(knownTables.load(catalog, name, signal))
  if (!(table instanceof HyperMeshError)) return { metadata: table }
  const view = await orMissing(catalog.loadView(name, { signal }))
  if (!(view instanceof HyperMeshError)) return { viewMetadata: view.metadata }
  const definition = await virtualTables.find(name)
  if (definition !== undefined) return { definition }
  // The catalog's words are right, but a statement's error names what the statement said.
  const nearest = table.details?.nearest
  const hint = typeof nearest === 'string' ? `; did you mean ${nearest}?` : ''
  const wanted = `${printable(name.namespace)}.${printable(name.table)}`
  throw new HyperMeshError('not_found', `no table named ${wanted}${hint}`, { cause: table })
}

async function orMissing<Reply>(call: Promise<Reply>): Promise<Reply | HyperMeshError> {
  try {
    return await call
  } catch (error) {
    if (error instanceof HyperMeshError && error.code === 'not_found') return error
    throw error
  }
}

function withoutHistory({ namespace, table }: TableName): HyperMeshError {
  return new HyperMeshError('invalid', `${namespace}.${table} has no snapshots: it is no table`)
}

export function wrongView(
  { namespace, table }: TableName,
  what: string,
  details: object = {},
): HyperMeshError {
  return new HyperMeshError('invalid', `view ${namespace}.${table} ${what}`, {
    details: { reason: 'view', view: `${namespace}.${table}`, ...details },
  })
}

/** Ids in metadata are numbers where a number is exact. */
function toMoment(at: NonNullable<GuardedTable['at']>) {
  if (!('version' in at)) return at
  const number = Number(at.version)
  return { version: Number.isSafeInteger(number) ? number : at.version }
}
