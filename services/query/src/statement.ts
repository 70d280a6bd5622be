import type { HyperMeshClient } from '@hypermesh/client'
import { quoteIdentifier, type ScanFacts } from '@hypermesh/contract'
import {
  type BoundParameters,
  type DuckSession,
  type GuardedSql,
  guardSql,
  planFilters,
  type ScanFilter,
  type ScanValue,
} from '@hypermesh/duckdb'
import { type ManifestCache, planScan, type ScanPlan, type Warehouse } from '@hypermesh/iceberg'
import { type Resolution, type ResolvedTable, resolveTables } from './resolved-table.ts'
import { createView } from './table-view.ts'

export interface StatementRequest {
  readonly sql: string
  readonly parameters: BoundParameters | undefined
  /** The same values as plans know them. */
  readonly planned: ReadonlyMap<string, ScanValue>
  readonly namespace: string | undefined
  readonly catalog: HyperMeshClient
  readonly signal: AbortSignal
}

/** A statement that is ready to run on its own session. */
export interface PreparedStatement {
  readonly kind: GuardedSql['kind']
  readonly sql: string
  readonly parameters: BoundParameters | undefined
  readonly facts: ScanFacts
}

interface Lake {
  /** Only parses and plans, over empty tables. */
  readonly planning: DuckSession
  readonly warehouse: Warehouse
  readonly cache: ManifestCache
}

/** Where a table without a namespace is looked up when the request does not say. */
const defaultNamespace = 'main'

/**
 * Guard → tables at their snapshots → filters → files → views. Nothing of the statement has run
 * when this returns; the session knows its tables as views over the files that it may need.
 */
export async function prepareStatement(
  session: DuckSession,
  request: StatementRequest,
  lake: Lake,
): Promise<PreparedStatement> {
  const { signal, catalog, parameters } = request
  const { planning } = lake
  const guarded = await guardSql(planning, request.sql, { parameters, signal })
  const namespace = request.namespace ?? defaultNamespace
  const resolution = await resolveTables(guarded.tables, { catalog, namespace, signal })
  const statement = await nameTables(guarded, resolution, namespace)
  const filters = await planFilters(planning, {
    sql: statement.body,
    tables: resolution.tables.map(({ view, columns }) => ({ ...view, columns })),
    parameters: renamed(request.planned, statement.parameterNames),
    signal,
  })
  const plans = await planFiles(resolution.tables, filters, request, lake)
  await session.run(viewsOf(resolution.tables, plans), { signal })
  return {
    kind: guarded.kind,
    sql: guarded.prefix + statement.body,
    parameters: renameParameters(parameters, statement.parameterNames),
    facts: toFacts(resolution.tables, plans),
  }
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
  { places }: Resolution,
  namespace: string,
): Promise<NamedStatement> {
  const travels = guarded.tables.some((table) => table.at !== undefined)
  const moved = places.some(({ schema }) => schema.endsWith('@'))
  const defaulted = guarded.tables.some((table) => table.namespace === undefined)
  if (!travels && !moved && (!defaulted || namespace.toLowerCase() === defaultNamespace)) {
    return { body: guarded.body, parameterNames: undefined }
  }
  return guarded.rewrite(places)
}

async function planFiles(
  tables: readonly ResolvedTable[],
  filters: ReadonlyMap<string, ScanFilter>,
  { signal }: StatementRequest,
  { warehouse, cache }: Lake,
): Promise<readonly ScanPlan[]> {
  const plans: ScanPlan[] = []
  for (const { label, metadata, travelledTo, view } of tables) {
    const predicate = filters.get(`${view.schema}.${view.view}`.toLowerCase())
    const table = { metadata, snapshotId: travelledTo, table: label }
    plans.push(await planScan({ ...table, predicate, warehouse, cache, signal }))
  }
  return plans
}

function viewsOf(tables: readonly ResolvedTable[], plans: readonly ScanPlan[]): string {
  const schemas = new Set(tables.map(({ view }) => view.schema))
  const statements = [...schemas].map(
    (schema) => `CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(schema)};`,
  )
  for (const [index, table] of tables.entries()) {
    statements.push(createView(table, plans[index]?.files ?? []))
  }
  return statements.length === 0 ? 'SELECT 1' : statements.join('\n')
}

function toFacts(tables: readonly ResolvedTable[], plans: readonly ScanPlan[]): ScanFacts {
  const sum = (figure: (plan: ScanPlan) => number) =>
    plans.reduce((total, plan) => total + figure(plan), 0)
  const snapshots = tables.map(({ label, snapshotId }): [string, number | null] => [
    label,
    snapshotId === undefined ? null : Number(snapshotId),
  ])
  return {
    snapshots: Object.fromEntries(snapshots),
    filesPlanned: sum((plan) => plan.files.length),
    filesPruned: sum((plan) => plan.filesPruned),
    bytesPlanned: sum((plan) => plan.bytesPlanned),
    bytesPruned: sum((plan) => plan.bytesPruned),
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
