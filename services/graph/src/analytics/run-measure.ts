import { HyperMeshError } from '@hypermesh/contract'
import type { Database } from '@hypermesh/engine'
import { toInvalid } from '@hypermesh/kit'
import type { AnalyticsTask } from './analytics-worker.ts'
import type { Outcome, OutcomeColumn } from './computation.ts'
import { type LoadedHypergraph, loadHypergraph } from './load-hypergraph.ts'
import type {
  Measure,
  MeasureCell,
  MeasureRequest,
  MeasureResult,
  MeasureTarget,
} from './measures.ts'

const rowsDefault = 1000

/** Reads the window, computes in a thread, and says what it found in the table's own words. */
export async function runMeasure(
  measure: Measure,
  target: MeasureTarget,
  request: MeasureRequest,
): Promise<MeasureResult> {
  const startedAt = performance.now()
  const { engine, threads, limits } = target
  const { signal, onProgress, asOf } = request
  const options = parseOptions(measure, request.options)
  const rowsMax = checkLimit(request.limit ?? rowsDefault, limits.graphAnalyticsRowsMax)
  const weighted = options.weighted === true
  const needs = measure.needs.filter((need) => need !== 'weight' || weighted)
  using thread = await threads.take(signal)
  using snapshot = engine.snapshot(asOf === undefined ? {} : { asOf })
  const loaded = await loadHypergraph(snapshot.table(target.table), {
    selection: request.selection ?? {},
    sizeMax: request.sizeMax,
    needs,
    ...{ limits, signal, onProgress },
  })
  const task: AnalyticsTask = {
    measure: measure.name,
    arrays: loaded.arrays,
    options: resolveItems(options, loaded, engine),
    rowsMax,
    sourcesMax: limits.graphAnalyticsSourcesMax,
    bytesMax: limits.graphAnalyticsBytesMax,
  }
  const outcome = await thread.run(task, onProgress)
  return {
    measure: measure.name,
    columns: outcome.columns.map(({ name, type }) => ({ name, type })),
    rows: toRows(outcome, loaded, engine),
    rowCount: outcome.rowCount,
    summary: outcome.summary,
    approximate: outcome.approximate,
    options,
    nodes: loaded.arrays.nodeCount,
    hyperedges: loaded.edgeIds.length,
    incidences: loaded.arrays.edgeNodes.length,
    leftOut: loaded.leftOut,
    seq: snapshot.seq,
    elapsedMs: performance.now() - startedAt,
  }
}

function parseOptions(measure: Measure, given: unknown): Readonly<Record<string, unknown>> {
  const parsed = measure.options.safeParse(given ?? {})
  if (!parsed.success) throw toInvalid(parsed.error, `the options of ${measure.name}`)
  return parsed.data
}

function checkLimit(limit: number, rowsMax: number): number {
  if (Number.isSafeInteger(limit) && limit >= 0 && limit <= rowsMax) return limit
  throw new HyperMeshError('invalid', `limit is 0 to ${rowsMax}, not ${limit}`, {
    details: { limit: 'graph_analytics_rows_max', rowsMax },
  })
}

type Options = Readonly<Record<string, unknown>>

/** What options name by key or id, as the hypergraph numbers it. */
function resolveItems(options: Options, loaded: LoadedHypergraph, engine: Database): Options {
  const { communities, source, target, of } = options
  if (Array.isArray(communities)) {
    return { ...options, communities: toCommunities(communities, loaded, engine) }
  }
  if (source === undefined || target === undefined) return options
  const numberOf =
    of === 'hyperedges'
      ? (item: unknown) => loaded.edgeIds.indexOf(Number(item))
      : (item: unknown) => keysOf(loaded.nodeNumbers, engine).indexOf(item as never)
  const resolved = { source: numberOf(source), target: numberOf(target) }
  for (const [name, number] of Object.entries(resolved)) {
    if (number >= 0) continue
    const text = JSON.stringify(options[name])
    throw new HyperMeshError(
      'not_found',
      `the window has no ${of === 'hyperedges' ? 'hyperedge' : 'node'} ${text}`,
    )
  }
  return { ...options, ...resolved }
}

/** Communities are numbered in the order in which nodes have them; who is not named is alone. */
function toCommunities(
  given: readonly unknown[],
  { nodeNumbers }: LoadedHypergraph,
  engine: Database,
): Uint32Array {
  const labelOf = new Map(given as [unknown, unknown][])
  const known = new Map<unknown, number>()
  const keys = keysOf(nodeNumbers, engine)
  return Uint32Array.from(keys, (key) => {
    // A key of its own, which no label is.
    const label = labelOf.has(key) ? labelOf.get(key) : { key }
    const number = known.get(label) ?? known.size
    known.set(label, number)
    return number
  })
}

function keysOf(numbers: Uint32Array, engine: Database): readonly (string | number | bigint)[] {
  return Array.from(engine.nodeKeys(numbers))
}

function toRows({ columns }: Outcome, loaded: LoadedHypergraph, engine: Database): MeasureCell[][] {
  const cells = columns.map((column) => toCells(column, loaded, engine))
  const count = cells[0]?.length ?? 0
  return Array.from({ length: count }, (_, row) =>
    cells.map((values) => values[row] as MeasureCell),
  )
}

function toCells(
  { type, values }: OutcomeColumn,
  { nodeNumbers, edgeIds }: LoadedHypergraph,
  engine: Database,
): ArrayLike<MeasureCell> {
  if (type === 'hyperedge') return Array.from(values, (edge) => edgeIds[Number(edge)] as number)
  if (type === 'node') {
    const numbers = Uint32Array.from(values, (node) => nodeNumbers[Number(node)] as number)
    return keysOf(numbers, engine)
  }
  if (type === 'timestamp') return Array.from(values, (value) => BigInt(Math.round(Number(value))))
  return Array.from(values, (value) => (Number.isNaN(value) ? null : value))
}
