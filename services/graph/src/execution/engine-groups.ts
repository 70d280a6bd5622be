import type { ColumnBatch, GroupKey, Measure } from '@hypermesh/engine'
import type { Expression } from '../language/syntax-tree.ts'
import type { ColumnSlot } from './column-slot.ts'
import { compileExpression } from './compile-expression.ts'
import { bucketMicrosOf } from './functions.ts'
import type { Figure, Grouping } from './grouping.ts'
import type { MatchScan } from './match-scan.ts'
import { tooLarge } from './query-error.ts'
import type { QueryContext, Row } from './query-result.ts'
import type { Value } from './value-type.ts'

interface EngineKey {
  readonly key: GroupKey
  /** As the result calls it. */
  readonly column: string
  readonly isInstant: boolean
}

const microsPerMs = 1000

/**
 * Groups that the engine makes by itself: of rows that it selects alone, by spans of time, label or
 * properties, with figures over its columns. Undefined: they are made here.
 */
export function engineGroups(
  scan: MatchScan,
  context: QueryContext,
): (grouping: Grouping) => Promise<readonly Row[]> | undefined {
  return (grouping) => {
    if (scan.filter !== undefined || scan.pushed.isEmpty || grouping.keys.length > 4)
      return undefined
    const keys = grouping.keys.map(({ expression }) => keyOf(expression, scan))
    const measures = grouping.figures.map((figure) => measureOf(figure, scan))
    const isWhole =
      keys.every((key) => key !== undefined) && measures.every((one) => one !== undefined)
    const columns = keys.map((key) => key?.column)
    if (!isWhole || new Set(columns).size < columns.length) return undefined
    return aggregate(scan, context, {
      keys: keys.filter((key) => key !== undefined),
      measures: measures.filter((measure) => measure !== undefined),
    })
  }
}

async function aggregate(
  { reader, pushed, asOf }: MatchScan,
  { signal, limits, figures }: QueryContext,
  plan: { readonly keys: readonly EngineKey[]; readonly measures: readonly Measure[] },
): Promise<readonly Row[]> {
  const { keys, measures } = plan
  const groupsMax = Math.ceil(limits.graphQueryCellsMax / (keys.length + measures.length))
  const batch = await reader.aggregate({
    ...pushed.selection,
    groupBy: keys.map(({ key }) => key),
    measures: Object.fromEntries(measures.map((measure, place) => [`$${place}`, measure])),
    limit: Math.min(groupsMax, 0xffff_fffe),
    signal,
    ...(asOf === undefined ? {} : { asOf }),
  })
  figures.add(batch)
  if (batch.truncated !== null) {
    const message = 'there are more groups than a statement may hold; group by less'
    throw tooLarge('graph_query_cells_max', limits.graphQueryCellsMax, message)
  }
  if (keys.length === 0 && batch.rowCount === 0) {
    return [measures.map((measure) => (measure === 'count' ? 0 : null))]
  }
  const readers = [
    ...keys.map((key) => reading(batch, key.column, key.isInstant)),
    ...measures.map((_, place) => reading(batch, `$${place}`, false)),
  ]
  return Array.from({ length: batch.rowCount }, (_, row) => readers.map((read) => read(row)))
}

function reading(
  batch: ColumnBatch<unknown>,
  name: string,
  isInstant: boolean,
): (row: number) => Value {
  const { values: raw, validity } = batch.column(name)
  const isNull = (row: number) =>
    validity !== undefined && ((validity[row >> 3] ?? 0) & (1 << (row & 7))) === 0
  if (isInstant) return (row) => (isNull(row) ? null : (raw[row] as bigint))
  const values = batch.values(name) as ArrayLike<Value>
  return (row) => (isNull(row) ? null : (values[row] ?? null))
}

function keyOf(expression: Expression, scan: MatchScan): EngineKey | undefined {
  if (expression.kind === 'call' && expression.name === 'bucket') {
    const [at, width] = expression.arguments
    if (at?.kind !== 'column' || at.name !== 'event_ts' || width === undefined) return undefined
    const micros = bucketMicrosOf(compileExpression(width, scan.scope))
    return { key: { bucketMs: Number(micros) / microsPerMs }, column: 'bucket', isInstant: true }
  }
  const slot = slotOf(expression, scan)
  if (slot?.name === 'label') return { key: 'label', column: 'label', isInstant: false }
  if (slot?.isProperty !== true || slot.name === 'bucket' || slot.name === 'label') return undefined
  const isInstant = slot.type === 'timestamp'
  return { key: { property: slot.name }, column: slot.name, isInstant }
}

function measureOf({ name, isDistinct, of, call }: Figure, scan: MatchScan): Measure | undefined {
  if (name === 'count' && of === null) return 'count'
  const [given] = call.arguments
  const slot = given === undefined ? undefined : slotOf(given, scan)
  const isNumber = slot?.type === 'float64'
  if (slot === undefined || isDistinct || !isNumber) return undefined
  const { column } = slot
  if (name === 'sum') return { sum: column }
  if (name === 'min') return { min: column }
  if (name === 'max') return { max: column }
  return name === 'avg' ? { avg: column } : undefined
}

function slotOf(expression: Expression, { source }: MatchScan): ColumnSlot | undefined {
  return expression.kind === 'column' ? source.slot(expression.name) : undefined
}
