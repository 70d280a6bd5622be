import {
  type CallDetail,
  type Limits,
  type ScanDetail,
  type ScanFacts,
  type SqlRequest,
  toWireLong,
  type WireLong,
} from '@hypermesh/contract'
import {
  type BoundParameters,
  type DuckSession,
  type GuardedSql,
  guardSql,
  isMomentary,
  type PlannerMemory,
  planFilters,
  type ScanFilter,
  type ScanValue,
  toDuckDbType,
} from '@hypermesh/duckdb'
import type { ManifestCache, ScanPlan, Warehouse } from '@hypermesh/iceberg'
import { type PlannedScan, scanDetails } from './explain-scans.ts'
import type { FileSchemas } from './file-schemas.ts'
import type { TidySession } from './kept-sessions.ts'
import type { KnownTables } from './known-tables.ts'
import { filterKey, planFiles } from './plan-files.ts'
import type { PositionTargets } from './position-deletes.ts'
import { type Resolution, type ResolvedTable, resolveTables } from './resolved-table.ts'
import type { Scan } from './scan-view.ts'
import { createViews, type OpenedVirtual, openVirtuals } from './statement-views.ts'
import {
  createCalledTables,
  describeCalls,
  dropCalledTables,
  tableFunctionNames,
  toPlannedTable,
} from './table-functions/called-tables.ts'
import type { Peers } from './table-functions/table-function.ts'
import type { OpenVirtualTable, VirtualTables } from './virtual-tables.ts'

export interface StatementRequest {
  readonly sql: string
  readonly parameters: BoundParameters | undefined
  /** The same values as plans know them. */
  readonly planned: ReadonlyMap<string, ScanValue>
  readonly namespace: string | undefined
  readonly appendedSince?: SqlRequest['appendedSince']
  /** True: the SQL will stand inside of another statement, so it must end without a semicolon. */
  readonly embedded: boolean
  /** True: it will not run, so nobody is asked for rows; parameters may be NULL. */
  readonly checked?: boolean
  readonly peers: Peers
  readonly signal: AbortSignal
}

/** A statement that is ready to run on its own session. */
export interface PreparedStatement {
  readonly kind: GuardedSql['kind']
  readonly sql: string
  readonly parameters: BoundParameters | undefined
  readonly facts: ScanFacts
  /** Some of its files are not the platform's own. */
  readonly readsInPlace: boolean
  /** Leaves nothing in its session but views over files that never change; undefined: that cannot be. */
  readonly tidySession: TidySession | undefined
  /** The same text may run again, prepared as it is: nothing in it depends on when that is. */
  readonly mayComeAgain: boolean
  /** Of EXPLAIN. */
  readonly scans: readonly ScanDetail[] | undefined
  /** What functions in FROM were asked for. */
  readonly calls: readonly CallDetail[]
}

/** Where tables lie, and what is remembered of their files. */
export interface Lake {
  readonly warehouse: Warehouse
  readonly cache: ManifestCache
  readonly fileSchemas: FileSchemas
  readonly positionTargets: PositionTargets
  readonly knownTables: KnownTables
  readonly memory: PlannerMemory
  readonly virtualTables: VirtualTables
  readonly viewDepthMax: number
  readonly callsMax: number
  readonly limits: Limits
}

/** Where a table without a namespace is looked up when the request does not say. */
const defaultNamespace = 'main'

export interface Sessions {
  /** Will run the statement. */
  readonly session: DuckSession
  /** Only parses and plans, over empty tables. */
  readonly planning: DuckSession
}

/**
 * Guard → tables at their snapshots → filters → files → views. Nothing of the statement has run
 * when this returns; the session knows its tables as views over the files that it may need.
 */
export async function prepareStatement(
  { session, planning }: Sessions,
  request: StatementRequest,
  lake: Lake,
): Promise<PreparedStatement> {
  const { signal, peers, parameters } = request
  const tableFunctions = tableFunctionNames
  const guarded = await guardSql(planning, request.sql, {
    ...{ parameters, memory: lake.memory, signal, tableFunctions },
  })
  const namespace = request.namespace ?? defaultNamespace
  const { knownTables, virtualTables, memory, viewDepthMax, callsMax } = lake
  const { catalog } = peers
  const resolution = await resolveTables(guarded, {
    ...{ catalog, knownTables, virtualTables, planning, memory, viewDepthMax, callsMax },
    ...{ namespace, signal },
  })
  const called = await describeCalls(resolution.called, peers, signal)
  const statement = await nameTables(guarded, resolution, {
    namespace,
    rewritten: request.embedded && guarded.body.includes(';'),
  })
  const filters = await planFilters(planning, {
    sql: statement.body,
    tables: [
      ...[...resolution.tables, ...resolution.virtuals].map(({ view, fields }) => ({
        ...view,
        columns: fields.map(({ name, type }) => ({ name, type: toDuckDbType(type) })),
      })),
      ...called.map(toPlannedTable),
    ],
    views: resolution.views,
    parameters: renamed(request.planned, statement.parameterNames),
    memory,
    signal,
  })
  const plans = await planFiles(resolution.tables, { ...request, filters }, lake)
  const scans = await openScans(
    session,
    { tables: resolution.tables, filters, plans },
    lake,
    signal,
  )
  const empty = request.checked === true
  const virtuals = await openVirtuals(session, resolution.virtuals, virtualTables, {
    ...{ empty, signal },
  })
  const calls = await createCalledTables(session, called, {
    ...{ peers, signal, limits: lake.limits, empty },
    filterOf: (view) => filters.get(filterKey(view)),
  })
  await createViews(session, { scans, virtuals, views: resolution.views }, signal)
  const { views } = resolution
  const viewTexts = views.map(({ sql }) => sql)
  return {
    kind: guarded.kind,
    sql: guarded.prefix + statement.body,
    parameters: renameParameters(parameters, statement.parameterNames),
    facts: toFacts(resolution.tables, plans, virtuals),
    readsInPlace: virtuals.length > 0,
    // A view of the catalog would go on naming what its calls were answered.
    tidySession:
      virtuals.length > 0 || (called.length > 0 && views.length > 0)
        ? undefined
        : (used) => dropCalledTables(used, called),
    mayComeAgain:
      virtuals.length + called.length === 0 && isShortAndSteady([statement.body, ...viewTexts]),
    scans: guarded.kind === 'select' ? undefined : await scanDetails(session, scans, signal),
    calls,
  }
}

/** Longer statements, which take long to plan, would hold much memory prepared. */
const againCharsMax = 10_000

function isShortAndSteady(texts: readonly string[]): boolean {
  return texts.every((text) => text.length <= againCharsMax && !isMomentary(text))
}

interface NamedStatement {
  readonly body: string
  /** Undefined: parameters keep their names. */
  readonly parameterNames: ReadonlyMap<string, string> | undefined
}

/**
 * The user's own text wherever its names are those of the views, so that positions in errors are
 * right; written anew only where they are not.
 */
async function nameTables(
  guarded: GuardedSql,
  { places, callPlaces }: Resolution,
  { namespace, rewritten }: { readonly namespace: string; readonly rewritten: boolean },
): Promise<NamedStatement> {
  const travels = guarded.tables.some((table) => table.at !== undefined)
  const moved = places.some(({ schema }) => schema.endsWith('@'))
  const defaulted = guarded.tables.some((table) => table.namespace === undefined)
  if (
    !rewritten &&
    callPlaces.length === 0 &&
    !travels &&
    !moved &&
    (!defaulted || namespace.toLowerCase() === defaultNamespace)
  ) {
    return { body: guarded.body, parameterNames: undefined }
  }
  return guarded.rewrite(places, callPlaces)
}

/** What must be known of the files before the SQL that reads them can be written. */
async function openScan(
  session: DuckSession,
  { files }: ScanPlan,
  { fileSchemas, positionTargets, warehouse }: Lake,
  signal: AbortSignal,
): Promise<Scan> {
  const deletes = files.flatMap((file) => [...file.positionDeletes, ...file.equalityDeletes])
  const schemas = await fileSchemas.of(session, [...files, ...deletes], signal)
  const keyOf = (uri: string) => warehouse.keyOrUri(uri)
  const positionDeletes = await positionTargets.of(session, files, { schemas, keyOf, signal })
  return { files, schemas, positionDeletes }
}

async function openScans(
  session: DuckSession,
  planned: {
    readonly tables: readonly ResolvedTable[]
    readonly filters: ReadonlyMap<string, ScanFilter>
    readonly plans: readonly ScanPlan[]
  },
  lake: Lake,
  signal: AbortSignal,
): Promise<PlannedScan[]> {
  const scans: PlannedScan[] = []
  for (const [index, plan] of planned.plans.entries()) {
    const table = planned.tables[index]
    if (table === undefined) continue
    const filter = planned.filters.get(filterKey(table.view))
    scans.push({ table, filter, plan, scan: await openScan(session, plan, lake, signal) })
  }
  return scans
}

function toFacts(
  tables: readonly ResolvedTable[],
  plans: readonly ScanPlan[],
  virtuals: readonly OpenedVirtual[],
): ScanFacts {
  const sum = (figure: (plan: ScanPlan) => number) =>
    plans.reduce((total, plan) => total + figure(plan), 0)
  const inPlace = (figure: (opened: OpenVirtualTable) => number) =>
    virtuals.reduce((total, opened) => total + figure(opened), 0)
  const snapshots = tables.map(({ label, snapshotId }): [string, WireLong | null] => [
    label,
    snapshotId === undefined ? null : toWireLong(snapshotId),
  ])
  return {
    snapshots: Object.fromEntries(snapshots),
    filesPlanned: sum(({ planned }) => planned.files) + inPlace(({ files }) => files),
    filesPruned: sum(({ total, planned }) => total.files - planned.files),
    bytesPlanned: sum(({ planned }) => planned.bytes) + inPlace(({ bytes }) => bytes),
    bytesPruned: sum(({ total, planned }) => Math.max(0, total.bytes - planned.bytes)),
    deleteFiles: sum(({ deletes }) => deletes.files),
  }
}

/** A rewritten statement names its parameters; those of AT clauses are gone from it. */
function renameParameters(
  parameters: BoundParameters | undefined,
  names: ReadonlyMap<string, string> | undefined,
): BoundParameters | undefined {
  if (parameters === undefined || names === undefined) return parameters
  return {
    values: Object.fromEntries(renamed(entriesOf(parameters.values), names)),
    ...(parameters.types
      ? { types: Object.fromEntries(renamed(entriesOf(parameters.types), names)) }
      : {}),
  }
}

function renamed<T>(
  values: ReadonlyMap<string, T>,
  names: ReadonlyMap<string, string> | undefined,
): ReadonlyMap<string, T> {
  if (names === undefined) return values
  const entries = [...values].flatMap(([name, value]): [string, T][] => {
    const newName = names.get(name)
    return newName === undefined ? [] : [[newName, value]]
  })
  return new Map(entries)
}

function entriesOf<T>(values: readonly T[] | Readonly<Record<string, T>>): ReadonlyMap<string, T> {
  if (!Array.isArray(values)) return new Map(Object.entries(values))
  return new Map(values.map((value: T, index) => [String(index + 1), value]))
}
