import type {
  ColumnBatch,
  ExpandOptions,
  HopOrder,
  NodeId,
  PathStep,
  ReachedNode,
} from '@hypermesh/engine'
import type { Expression, Path } from '../language/syntax-tree.ts'
import { compileExpression } from './compile-expression.ts'
import { filterPartsMax } from './filter-push-down.ts'
import { madePages } from './made-pages.ts'
import { type MatchScan, scanOf } from './match-scan.ts'
import { pipelineOfRows, runPipeline } from './pipeline.ts'
import { invalidQuery, tooLarge } from './query-error.ts'
import type { QueryContext, QueryResult, Row } from './query-result.ts'
import { isNode } from './selection-push-down.ts'
import type { Value } from './value-type.ts'

/** What a path's rows have, beside the seed's, which has but `hop` and `node`. */
const columns = [
  { name: 'hop', type: 'int64' },
  { name: 'node', type: 'node' },
  { name: 'event_ts', type: 'timestamp' },
  { name: 'via', type: 'int64' },
  { name: 'parent', type: 'node' },
] as const
const orders: ReadonlyMap<Value, HopOrder> = new Map<Value, HopOrder>([
  ['strict', 'strict'],
  ['non_decreasing', 'nonDecreasing'],
  ['any', 'any'],
])
const hopsMost = 255

type Walk = Omit<ExpandOptions, 'seeds'>

/**
 * Over hyperedges of which each is later than the one before. To a node: the fewest hops, and of those the
 * earliest arrival; or, EARLIEST, the earliest arrival with the fewest hops. To none: all that is reached.
 */
export function runPath(path: Path, context: QueryContext): QueryResult {
  const table = context.database.table(path.pattern.table)
  const pages = madePages([table], context)
  const found = scanOf(path.pattern, path, table)
  const scan = { ...found, asOf: pages?.place?.seq ?? found.asOf }
  const walk = walkOf(path, scan, context)
  const start = nodeOf(path.start, 'the start of a path')
  const target = path.target === null ? null : nodeOf(path.target, 'the end of a path')
  if (path.mode === 'earliest' && walk.order === 'any') {
    throw invalidQuery("EARLIEST needs hyperedges that follow each other: order is not 'any'")
  }
  const rows = (): Promise<readonly Row[]> => {
    if (scan.pushed.isEmpty) return Promise.resolve([])
    if (target === null) return reached(scan, { ...walk, seeds: [start] }, context)
    if (path.mode === 'shortest') return shortest(scan, { walk, start, target }, context)
    return earliest(scan, { walk, start, target }, context)
  }
  return runPipeline(path.returning, { ...pipelineOfRows(columns, rows), pages }, context)
}

interface Ends {
  readonly walk: Walk
  readonly start: NodeId
  readonly target: NodeId
}

function walkOf(path: Path, scan: MatchScan, { limits }: QueryContext): Walk {
  const { members, ids, keys, ...selection } = scan.pushed.selection
  const isBeyond = scan.filter !== undefined || members !== undefined || ids !== undefined
  if (isBeyond || keys !== undefined) {
    const most = `${filterPartsMax} times at most`
    throw invalidQuery(
      `WHERE of a path compares event_ts, weight, label or properties with values, ${most}`,
    )
  }
  if (path.hopsMax !== null && path.hopsMax > hopsMost) {
    throw tooLarge('hops', hopsMost, 'the path has too many hops')
  }
  return {
    ...selection,
    hops: path.hopsMax ?? hopsMost,
    maxFrontier: limits.graphFrontierMax,
    ...Object.fromEntries(path.options.map(({ name, value }) => optionOf(name, value))),
  }
}

function optionOf(name: string, expression: Expression): readonly [string, Value] {
  const value = compileExpression(expression, { sources: [] }).constant ?? null
  if (name === 'order') {
    const order = orders.get(value)
    if (order !== undefined) return ['order', order]
    throw invalidQuery(`order is one of ${[...orders.keys()].join(', ')}`)
  }
  const isRole = name === 'from' || name === 'to'
  if (!isRole || typeof value !== 'string' || value === '') {
    throw invalidQuery('a path takes from and to, which are roles, and order')
  }
  return [name === 'from' ? 'fromRole' : 'toRole', value]
}

function nodeOf(expression: Expression, what: string): NodeId {
  const { constant } = compileExpression(expression, { sources: [] })
  if (isNode(constant)) return constant
  throw invalidQuery(`${what} is a node: a text or an unsigned integer`)
}

const asOfOption = ({ asOf }: MatchScan) => (asOf === undefined ? {} : { asOf })

/** The engine has a row a hop; the start, where it begins, is put before them. */
async function shortest(
  scan: MatchScan,
  { walk, start, target }: Ends,
  context: QueryContext,
): Promise<readonly Row[]> {
  const batch = await scan.reader.shortestPath({
    ...{ ...walk, seed: start, target, signal: context.signal },
    ...asOfOption(scan),
  })
  assertWhole(batch, context)
  if (batch.rowCount === 0 && start !== target) return []
  const steps = walkColumns(batch)
  const rows: Row[] = [[0, start, null, null, null]]
  for (let row = 0; row < batch.rowCount; row++) {
    const { node, at, via } = steps(row)
    rows.push([row + 1, node, at, via, rows[row]?.[1] ?? null])
  }
  return rows
}

async function reached(
  scan: MatchScan,
  plan: ExpandOptions,
  context: QueryContext,
): Promise<readonly Row[]> {
  const batch = await scan.reader.expand({ ...plan, signal: context.signal, ...asOfOption(scan) })
  assertWhole(batch, context)
  const steps = walkColumns(batch)
  const hops = batch.values('hop') as ArrayLike<number>
  const parents = batch.values('parent') as ArrayLike<NodeId | null>
  return Array.from({ length: batch.rowCount }, (_, row) => {
    const { node, at, via } = steps(row)
    return [hops[row] ?? 0, node, at, via, parents[row] ?? null]
  })
}

/** When the node is reached, and then the journey with the fewest hops that is there by then. */
async function earliest(
  scan: MatchScan,
  ends: Ends,
  context: QueryContext,
): Promise<readonly Row[]> {
  const { walk, start, target } = ends
  const rows = await reached(scan, { ...walk, seeds: [start] }, context)
  const found = rows.find(([, node]) => node === target)
  if (found === undefined) return []
  const arrival = found[2]
  if (typeof arrival !== 'bigint') return [found]
  // Of the same state.
  const same = { ...scan, asOf: context.figures.seq ?? scan.asOf }
  return shortest(same, { ...ends, walk: { ...walk, to: arrival + 1n } }, context)
}

/** A part would mislead: the nodes that are missing might be reached, and others earlier. */
function assertWhole(batch: ColumnBatch<unknown>, { figures, limits }: QueryContext): void {
  figures.add(batch)
  if (batch.truncated === null) return
  const message = `the walk reaches more than it may (${batch.truncated}); allow fewer hops or less time`
  throw tooLarge('graph_frontier_max', limits.graphFrontierMax, message)
}

/** Of a seed there is neither instant nor hyperedge. */
function walkColumns(batch: ColumnBatch<ReachedNode> | ColumnBatch<PathStep>) {
  const nodes = batch.values('node') as ArrayLike<Value>
  const vias = batch.values('via') as ArrayLike<Value>
  const instants = batch.column('at').values as BigInt64Array
  return (row: number) => {
    const via = vias[row] ?? null
    return { node: nodes[row] ?? null, via, at: via === null ? null : (instants[row] ?? null) }
  }
}
