import type { ByteWriter } from './byte-writer.ts'
import {
  type ColumnName,
  propertyColumn,
  resolveColumn,
  writeColumn,
  writeColumnCount,
  writeColumns,
  writeProperties,
} from './columns.ts'
import { invalid, quote } from './errors.ts'
import { type EncodeContext, type Filter, writeFilter, writeInstant } from './filter.ts'
import { type Instant, type Micros, toMicrosSpan } from './instants.ts'
import { assertFields } from './known-names.ts'
import { type NodeId, writeNode } from './node-ids.ts'
import type { Paging } from './paging.ts'
import { type Selection, writeOptionalText, writeSelection } from './selection.ts'

/**
 * What a query may use. Reaching one is no error: the result ends early with what is complete and
 * says so in `truncated`.
 */
export interface QueryLimits {
  /** The most rows; 1,000,000 unless said. */
  readonly limit?: number
  /** The most bytes of result; 256 MiB unless said. */
  readonly maxBytes?: number
  /** The most rows read, whether they match or not; no limit unless said. */
  readonly maxExamined?: number
  /** The longest running time in milliseconds; none unless said. */
  readonly deadlineMs?: number
}

/** Which hyperedges a find returns, what of them, and in what order. */
export interface FindPlan extends Selection, QueryLimits, Paging {
  /** What to return; everything but `arity` and `seq` unless said. */
  readonly columns?: readonly ColumnName[]
  /** The latest first; the earliest unless said. */
  readonly newestFirst?: boolean
}

/**
 * What hyperedges are put together by: a span of time (`origin` is where one starts, 1970 unless
 * said), a node or role of theirs, their label, or a property.
 */
export type GroupKey =
  | { readonly bucketMs: number; readonly origin?: Instant }
  | 'node'
  | 'role'
  | 'label'
  | { readonly property: string }

/** What is worked out for each group. `distinct` takes `members` as well. */
export type Measure =
  | 'count'
  | { readonly sum: ColumnName }
  | { readonly min: ColumnName }
  | { readonly max: ColumnName }
  | { readonly avg: ColumnName }
  | { readonly distinct: ColumnName }

/** Figures by group. */
export interface AggregatePlan extends Selection, QueryLimits {
  /** At most 4; none: one row for all. */
  readonly groupBy?: readonly GroupKey[]
  /** Name → measure. */
  readonly measures: Readonly<Record<string, Measure>>
  /** Only the `count` groups whose measure `by` is the greatest, the greatest first. */
  readonly top?: { readonly by: string; readonly count: number }
}

/** How the hyperedges of a walk follow each other: each later, each no earlier, or any. */
export type HopOrder = 'strict' | 'nonDecreasing' | 'any'

/** From nodes over hyperedges to nodes. The selection says which hyperedges may be walked. */
export interface ExpandPlan extends Omit<Selection, 'members' | 'ids' | 'keys'>, QueryLimits {
  readonly seeds: readonly NodeId[]
  /** At most 255; 1 unless said. */
  readonly hops?: number
  /** `strict` unless said. */
  readonly order?: HopOrder
  /** Leave a hyperedge's member only in this role. */
  readonly fromRole?: string
  /** Reach a member only in this role. */
  readonly toRole?: string
  /** The most nodes reached; 10,000,000 unless said. */
  readonly maxFrontier?: number
}

/** The fewest hops to a node, and of those the earliest arrival. */
export interface PathPlan extends Omit<ExpandPlan, 'seeds'> {
  readonly seed: NodeId
  readonly target: NodeId
}

/** Pairs of hyperedges with members in common, near each other in time. */
export interface JoinPlan<Side extends Selection = Selection> extends QueryLimits {
  readonly left: Side
  readonly right: Side
  /** How far apart in time, either way; or `distanceMs`. */
  readonly withinMs?: number
  /** `right.at − left.at` from the first to the second, both included. */
  readonly distanceMs?: readonly [number, number]
  /** The fewest members in common; 1 unless said. */
  readonly sharedMin?: number
  /** The role of the shared member on the left and on the right. */
  readonly leftRole?: string
  readonly rightRole?: string
}

/** Nodes with their properties. */
export interface NodesPlan extends QueryLimits, Paging {
  readonly nodes?: readonly NodeId[]
  /** On the node properties. */
  readonly where?: Filter
  /** The properties to return; all unless said. */
  readonly columns?: readonly string[]
}

const magic = 0x3150_4748
const kinds = { find: 1, aggregate: 2, expand: 3, path: 4, join: 5, nodes: 6, explain: 7 } as const
const hopOrders: ReadonlyMap<unknown, number> = new Map([
  ['any', 1],
  ['nonDecreasing', 2],
  ['strict', 3],
])
const plainGroups: ReadonlyMap<string, number> = new Map([
  ['node', 2],
  ['role', 3],
  ['label', 4],
])
const measureKinds: ReadonlyMap<string, number> = new Map([
  ['count', 1],
  ['sum', 2],
  ['min', 3],
  ['max', 4],
  ['avg', 5],
  ['distinct', 6],
])

export function writeFind(writer: ByteWriter, plan: FindPlan, context: EncodeContext): void {
  writeHeader(writer, kinds.find, plan)
  writeFindBody(writer, plan, context)
}

export function writeExplain(writer: ByteWriter, plan: FindPlan, context: EncodeContext): void {
  writeHeader(writer, kinds.explain, plan)
  writeFindBody(writer, plan, context)
}

export function writeAggregate(
  writer: ByteWriter,
  plan: AggregatePlan,
  context: EncodeContext,
): void {
  writeHeader(writer, kinds.aggregate, plan)
  writeSelection(writer, plan, context)
  const { groupBy = [], measures, top } = plan
  if (!Array.isArray(groupBy)) throw invalid('groupBy must be an array')
  if (groupBy.length > 4) throw invalid(`groupBy has ${groupBy.length} keys, at most 4`)
  writer.u8(groupBy.length)
  for (const key of groupBy) writeGroup(writer, key, context)
  if (typeof measures !== 'object' || measures === null) {
    throw invalid('measures must be an object of name → measure')
  }
  const names = Object.keys(measures)
  if (names.length === 0 || names.length > 255) throw invalid('measures needs 1 to 255 measures')
  writer.u8(names.length)
  for (const name of names) writeMeasure(writer, name, { measure: measures[name], context })
  if (top !== undefined) assertFields(top, 'the top of an aggregate')
  writer.u8(top === undefined ? 0 : 1)
  const place = top === undefined ? 0 : names.indexOf(top.by)
  if (place < 0) throw invalid(`top.by is ${quote(top?.by)}; the measures are ${names.join(', ')}`)
  writer.u32(place)
  writer.u32(top === undefined ? 0 : toCount(top.count, 'top.count', 0xffff_ffff))
}

export function writeExpand(writer: ByteWriter, plan: ExpandPlan, context: EncodeContext): void {
  writeHeader(writer, kinds.expand, plan)
  const { seeds } = plan
  if (!Array.isArray(seeds) || seeds.length === 0)
    throw invalid('seeds must name at least one node')
  writeWalk(writer, plan, context)
}

export function writePath(writer: ByteWriter, plan: PathPlan, context: EncodeContext): void {
  writeHeader(writer, kinds.path, plan)
  writeWalk(writer, { ...plan, seeds: [plan.seed], hops: plan.hops ?? 255 }, context)
  writeNode(writer, plan.target)
}

export function writeJoin(
  writer: ByteWriter,
  plan: JoinPlan,
  contexts: { readonly left: EncodeContext; readonly right: EncodeContext },
): void {
  writeHeader(writer, kinds.join, plan)
  const { left, right, withinMs, distanceMs, sharedMin = 1 } = plan
  writeSelection(writer, left, contexts.left)
  writeSelection(writer, right, contexts.right)
  if ((withinMs === undefined) === (distanceMs === undefined)) {
    throw invalid('a join takes withinMs or distanceMs, one of them')
  }
  if (distanceMs !== undefined && !(Array.isArray(distanceMs) && distanceMs.length === 2)) {
    throw invalid('distanceMs must be [min, max] in milliseconds')
  }
  const [min, max] = distanceMs ?? [-(withinMs ?? 0), withinMs ?? 0]
  if (withinMs !== undefined && !(withinMs >= 0)) throw invalid('withinMs must not be negative')
  if (!(min <= max)) throw invalid(`distanceMs must ascend, not [${min}, ${max}]`)
  writeMicros(writer, toMicrosSpan(min, 'distanceMs'))
  writeMicros(writer, toMicrosSpan(max, 'distanceMs'))
  writer.u32(toCount(sharedMin, 'sharedMin', 0xffff_ffff))
  writeOptionalText(writer, plan.leftRole, 'leftRole')
  writeOptionalText(writer, plan.rightRole, 'rightRole')
}

export function writeNodesPlan(writer: ByteWriter, plan: NodesPlan, context: EncodeContext): void {
  writeHeader(writer, kinds.nodes, plan)
  const { nodes = [], where, columns, cursor } = plan
  if (!Array.isArray(nodes)) throw invalid('nodes must be an array')
  writer.u32(nodes.length)
  for (const node of nodes) writeNode(writer, node)
  writer.u8(where === undefined ? 0 : 1)
  if (where !== undefined) writeFilter(writer, where, context)
  const names = columns ?? context.layout.schema.properties.map(({ name }) => name)
  writeColumnCount(writer, names.length)
  if (columns === undefined) writeProperties(writer, context.layout)
  else for (const name of names) writeColumn(writer, propertyColumn(context.layout, name))
  writeCursor(writer, cursor)
}

interface Limits extends QueryLimits {
  readonly maxFrontier?: number
}

function writeHeader(writer: ByteWriter, kind: number, limits: Limits): void {
  const { limit, maxBytes, maxExamined, maxFrontier, deadlineMs } = limits
  writer.reset()
  writer.u32(magic)
  writer.u8(kind)
  // Mostly there are none.
  const isLimited =
    limit !== undefined ||
    maxBytes !== undefined ||
    maxExamined !== undefined ||
    maxFrontier !== undefined ||
    deadlineMs !== undefined
  if (!isLimited) {
    writer.zeros(4)
    return
  }
  writer.u32(toCount(limit, 'limit', 0xffff_ffff))
  writer.int(toCount(maxBytes, 'maxBytes', Number.MAX_SAFE_INTEGER))
  writer.int(toCount(maxExamined, 'maxExamined', Number.MAX_SAFE_INTEGER))
  writer.u32(toCount(maxFrontier, 'maxFrontier', 0xffff_ffff))
  if (deadlineMs === undefined) {
    writer.int(0)
    return
  }
  if (!(typeof deadlineMs === 'number' && deadlineMs > 0 && deadlineMs <= 1e12)) {
    throw invalid(`deadlineMs must be a number above 0, not ${quote(deadlineMs)}`)
  }
  writer.int(Math.ceil(deadlineMs * 1000))
}

/** The whole number, at least 1; 0 when it is not given. */
function toCount(value: unknown, name: string, max: number): number {
  if (value === undefined) return 0
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= max) {
    return value
  }
  throw invalid(`${name} must be a whole number from 1 to ${max}, not ${quote(value)}`)
}

function writeFindBody(writer: ByteWriter, plan: FindPlan, context: EncodeContext): void {
  writeSelection(writer, plan, context)
  writer.u8(plan.newestFirst === true ? 1 : 0)
  writeColumns(writer, context.layout, plan.columns)
  writeCursor(writer, plan.cursor)
}

function writeCursor(writer: ByteWriter, cursor: unknown): void {
  if (cursor === undefined || cursor === null) {
    writer.u32(0)
    return
  }
  if (typeof cursor !== 'string' || !/^[A-Za-z0-9_-]{1,8192}$/.test(cursor)) {
    throw invalid('cursor is not one that a result gave')
  }
  const bytes = Buffer.from(cursor, 'base64url')
  writer.u32(bytes.length)
  writer.array(bytes)
}

function writeWalk(writer: ByteWriter, plan: ExpandPlan, context: EncodeContext): void {
  const { seeds, hops, order = 'strict', fromRole, toRole } = plan
  for (const name of ['members', 'ids', 'keys']) {
    if (name in plan) throw invalid(`a walk takes no ${name}; seeds say where it starts`)
  }
  writeSelection(writer, plan, context)
  writer.u32(seeds.length)
  for (const seed of seeds) writeNode(writer, seed)
  writer.u32(hops === undefined ? 1 : toCount(hops, 'hops', 255))
  const code = hopOrders.get(order)
  if (code === undefined) {
    throw invalid(`order must be strict, nonDecreasing or any, not ${quote(order)}`)
  }
  writer.u8(code)
  writeOptionalText(writer, fromRole, 'fromRole')
  writeOptionalText(writer, toRole, 'toRole')
}

function writeGroup(writer: ByteWriter, key: unknown, context: EncodeContext): void {
  const plain = typeof key === 'string' ? plainGroups.get(key) : undefined
  if (plain !== undefined) {
    writer.u8(plain)
    return
  }
  if (typeof key === 'object' && key !== null && 'bucketMs' in key) {
    const { bucketMs, origin = 0n } = key as { bucketMs: unknown; origin?: Instant }
    const width = toMicrosSpan(bucketMs, 'bucketMs')
    if (width <= 0) throw invalid(`bucketMs must be at least 0.001, not ${quote(bucketMs)}`)
    writer.u8(1)
    writeMicros(writer, width)
    writeInstant(writer, origin, context.timeUnit, 'origin')
    return
  }
  if (typeof key === 'object' && key !== null && 'property' in key) {
    const { property } = key as { property: unknown }
    if (typeof property !== 'string') throw invalid('groupBy.property must be a name')
    writer.u8(5)
    writer.u16(context.layout.property(property).index)
    return
  }
  throw invalid(`groupBy takes { bucketMs }, node, role, label or { property }, not ${quote(key)}`)
}

function writeMeasure(
  writer: ByteWriter,
  name: string,
  { measure, context }: { readonly measure: unknown; readonly context: EncodeContext },
): void {
  if (measure === 'count') {
    writer.u8(1)
    return
  }
  const [kind = '', ...others] = Object.keys(Object(measure))
  const code = measureKinds.get(kind)
  if (typeof measure !== 'object' || code === undefined || code === 1 || others.length > 0) {
    throw invalid(`measure ${name} must be 'count' or one of { sum, min, max, avg, distinct }`)
  }
  writer.u8(code)
  const column = resolveColumn(context.layout, (measure as Record<string, unknown>)[kind])
  if (column.type === 'list' && !(kind === 'distinct' && column.name === 'members')) {
    throw invalid(`measure ${name}: ${kind} does not take ${column.name}`)
  }
  writeColumn(writer, column)
}

function writeMicros(writer: ByteWriter, micros: Micros): void {
  if (typeof micros === 'number') writer.int(micros)
  else writer.i64(micros)
}
