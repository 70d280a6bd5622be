import type {
  AggregateHyperedgesRequest,
  ExpandHyperedgesRequest,
  HyperedgePathRequest,
  JoinHyperedgesRequest,
} from '@hypermesh/contract'
import type {
  AggregateOptions,
  ExpandOptions,
  GroupKey,
  HopOrder,
  JoinOptions,
  Measure,
  PathOptions,
  TableSchema,
} from '@hypermesh/engine'
import { toInstant } from './instants.ts'
import { toNode } from './json-nodes.ts'
import type { ResultField } from './result-rows.ts'
import { type SelectionTerms, takeTerms, toColumn, toPageRows, toSelection } from './selection.ts'

type Terms = SelectionTerms & { readonly signal: AbortSignal }

const orders: Readonly<Record<string, HopOrder>> = {
  strict: 'strict',
  non_decreasing: 'nonDecreasing',
  any: 'any',
}

export function toAggregate(request: AggregateHyperedgesRequest, terms: Terms): AggregateOptions {
  const { group_by = [], measures, top, as_of } = request
  const groupBy = group_by.map((key): GroupKey => {
    if (typeof key === 'string' || !('bucket_ms' in key)) return key
    const { bucket_ms: bucketMs, origin } = key
    return origin === undefined
      ? { bucketMs }
      : { bucketMs, origin: toInstant(origin, terms.unit, 'origin') }
  })
  return {
    ...toSelection(request, terms),
    groupBy,
    measures: Object.fromEntries(
      Object.entries(measures).map(([name, measure]) => [name, toMeasure(measure)]),
    ),
    ...(top === undefined ? {} : { top }),
    ...(as_of === undefined ? {} : { asOf: as_of }),
    ...boundsOf(request.limit, terms),
  }
}

function toMeasure(measure: AggregateHyperedgesRequest['measures'][string]): Measure {
  if (measure === 'count') return measure
  const [[kind, column] = ['', '']] = Object.entries(measure)
  return { [kind]: toColumn(column) } as unknown as Measure
}

/** What the columns of figures are, group keys before measures; instants are told by what made them. */
export function aggregateFields(
  request: AggregateHyperedgesRequest,
  columnNames: readonly string[],
  schema: TableSchema,
): readonly ResultField[] {
  const isInstantColumn = (name: string) =>
    name === 'at' ||
    name === 'until' ||
    schema.properties.some((one) => one.type === 'timestamp' && `props.${one.name}` === name) ||
    schema.properties.some((one) => one.type === 'timestamp' && one.name === name)
  const made = [
    ...(request.group_by ?? []).map((key) => {
      if (typeof key === 'string') return false
      return 'bucket_ms' in key || isInstantColumn(key.property)
    }),
    ...Object.values(request.measures).map((measure) => {
      if (typeof measure === 'string') return false
      return (
        ('min' in measure && isInstantColumn(measure.min)) ||
        ('max' in measure && isInstantColumn(measure.max))
      )
    }),
  ]
  return columnNames.map((column, place) => ({
    column,
    name: column,
    isInstant: made[place] ?? false,
  }))
}

export function toExpand(request: ExpandHyperedgesRequest, terms: Terms): ExpandOptions {
  takeTerms(request.seeds.length, terms.limits)
  return {
    seeds: request.seeds.map(toNode),
    ...walkOf(request, terms),
    ...boundsOf(request.limit, terms),
  }
}

export function toPath(request: HyperedgePathRequest, terms: Terms): PathOptions {
  return {
    seed: toNode(request.seed),
    target: toNode(request.target),
    ...walkOf(request, terms),
    signal: terms.signal,
  }
}

function walkOf(request: HyperedgePathRequest | ExpandHyperedgesRequest, terms: Terms) {
  const { from, to, valid_at, where, hops, order, from_role, to_role, as_of } = request
  const {
    members: _,
    ids: __,
    keys: ___,
    ...selection
  } = toSelection({ from, to, valid_at, where }, terms)
  return {
    ...selection,
    maxFrontier: terms.limits.graphFrontierMax,
    ...(hops === undefined ? {} : { hops }),
    ...(order === undefined ? {} : { order: orders[order] ?? 'strict' }),
    ...(from_role === undefined ? {} : { fromRole: from_role }),
    ...(to_role === undefined ? {} : { toRole: to_role }),
    ...(as_of === undefined ? {} : { asOf: as_of }),
  }
}

/** `schemaOf` gives that of a table that a user may name. */
export function toJoin(
  request: JoinHyperedgesRequest,
  terms: Omit<Terms, 'schema'>,
  schemaOf: (table: string) => TableSchema,
): JoinOptions {
  const side = ({ table, ...selection }: JoinHyperedgesRequest['left']) => ({
    table,
    ...toSelection(selection, { ...terms, schema: schemaOf(table) }),
  })
  const { within_ms, distance_ms, shared_min, left_role, right_role, as_of } = request
  return {
    left: side(request.left),
    right: side(request.right),
    ...(within_ms === undefined ? {} : { withinMs: within_ms }),
    ...(distance_ms === undefined ? {} : { distanceMs: distance_ms }),
    ...(shared_min === undefined ? {} : { sharedMin: shared_min }),
    ...(left_role === undefined ? {} : { leftRole: left_role }),
    ...(right_role === undefined ? {} : { rightRole: right_role }),
    ...(as_of === undefined ? {} : { asOf: as_of }),
    ...boundsOf(request.limit, terms),
  }
}

function boundsOf(limit: number | undefined, { limits, signal }: Omit<Terms, 'schema'>) {
  // There is no next page, so that as many as may be are given.
  const rows = toPageRows(limit ?? limits.graphPageMax, limits)
  return { limit: rows, maxBytes: limits.graphPageBytesMax, signal }
}

const plain = (column: string, name = column) => ({ column, name, isInstant: false })
const instant = (column: string, name = column) => ({ column, name, isInstant: true })

export const reachedFields = [
  ...[plain('node'), plain('hop'), instant('at')],
  ...[plain('via'), plain('parent')],
]
export const pathFields = [plain('node'), instant('at'), plain('via'), plain('parent')]
export const pairFields = [
  ...[plain('leftId', 'left_id'), instant('leftAt', 'left_at')],
  ...[plain('rightId', 'right_id'), instant('rightAt', 'right_at')],
  ...[plain('node'), plain('shared')],
]
