import type { CellMeaning } from './column-cells.ts'
import { EngineError, invalid, quote } from './errors.ts'
import type { AggregatePlan } from './plans.ts'
import { nodeTableName, type PropertyType, type TableLayout } from './schema.ts'

/** What a column of a result is called and means. */
export interface ColumnLabel {
  /** As rows have it. */
  readonly name: string
  /** As `column()` and Arrow have it: no other column of the result is called so. */
  readonly columnName: string
  readonly meaning: CellMeaning
  readonly isProperty: boolean
}

/** The labels of the columns of one plan, by kind and the number of the property or measure. */
export type LabelColumn = (kind: number, property: number) => ColumnLabel

const fixedNames: readonly (readonly [number, string, CellMeaning])[] = [
  [1, 'id', 'plain'],
  [2, 'at', 'instant'],
  [3, 'until', 'end'],
  [4, 'weight', 'plain'],
  [5, 'label', 'symbol'],
  [6, 'arity', 'plain'],
  [7, 'members', 'node'],
  [8, 'roles', 'symbol'],
  [9, 'key', 'plain'],
  [11, 'seq', 'plain'],
  [32, 'node', 'node'],
  [33, 'hop', 'plain'],
  [34, 'at', 'instant'],
  [35, 'via', 'unsigned'],
  [36, 'parent', 'node'],
  [37, 'leftId', 'plain'],
  [38, 'leftAt', 'instant'],
  [39, 'rightId', 'plain'],
  [40, 'rightAt', 'instant'],
  [41, 'node', 'node'],
  [42, 'shared', 'plain'],
  [48, 'bucket', 'instant'],
  [49, 'node', 'node'],
  [50, 'role', 'symbol'],
  [51, 'label', 'symbol'],
  [80, 'step', 'plain'],
  [81, 'detail', 'plain'],
  [82, 'estimatedRows', 'plain'],
]
/** By kind; made once, since a short read asks for few columns. */
const fixedLabels: readonly (ColumnLabel | undefined)[] = (() => {
  const labels: ColumnLabel[] = []
  for (const [kind, name, meaning] of fixedNames) labels[kind] = labelOf(name, meaning)
  return Array.from(labels)
})()
/** What an Arrow table says of `members` beside the columns that every hyperedge has. */
const membersInteger = 'membersInteger'
const hyperedgeColumns: ReadonlySet<unknown> = new Set(
  fixedNames.filter(([kind]) => kind <= 11).map(([, name]) => name),
)
const kindProperty = 10
const kindGroupProperty = 52
const kindMeasure = 64

/**
 * What results and Arrow files call the column of a property: `props.<name>` where a fixed column has
 * its name. No property has a dot in its name.
 */
export function propertyColumnName(table: string, name: string): string {
  const isTaken =
    table === nodeTableName
      ? name === 'node'
      : hyperedgeColumns.has(name) || name === membersInteger
  return isTaken ? `props.${name}` : name
}

/** Labels for the columns of a plan over one table; of none, for plans without properties. */
export function columnLabelsOf(
  layout: TableLayout | undefined,
  measures?: AggregatePlan['measures'],
): LabelColumn {
  if (measures !== undefined || layout === undefined) return makeLabels(layout, measures)
  let labels = labelsOfTables.get(layout)
  if (labels === undefined) {
    labels = makeLabels(layout, undefined)
    labelsOfTables.set(layout, labels)
  }
  return labels
}

/** The same each time for one table: what is known by them is kept. */
const labelsOfTables = new WeakMap<TableLayout, LabelColumn>()

function makeLabels(
  layout: TableLayout | undefined,
  measures: AggregatePlan['measures'] | undefined,
): LabelColumn {
  // As the caller gave them now.
  const given = measures === undefined ? [] : Object.entries(measures)
  return (kind, property) => {
    const known = fixedLabels[kind]
    if (known !== undefined) return known
    if (kind === kindMeasure) {
      const [name, measure] = given[property] ?? [`measure${property}`, 'count']
      return labelOf(name, meaningOfMeasure(measure, layout))
    }
    const schema = layout?.schema.properties[property]
    const name = schema?.name ?? `property${property}`
    const meaning = schema?.type === 'timestamp' ? 'instant' : 'plain'
    if (kind === kindProperty) {
      const columnName = propertyColumnName(layout?.schema.name ?? '', name)
      return { name, columnName, meaning, isProperty: true }
    }
    if (kind === kindGroupProperty) return labelOf(name, meaning)
    throw new EngineError('internal', `the core gave a column of the unknown kind ${kind}`)
  }
}

function labelOf(name: string, meaning: CellMeaning): ColumnLabel {
  return { name, columnName: name, meaning, isProperty: false }
}

/** The figures' columns: rows could not have both of two columns that are called the same. */
export function assertDistinctColumns(options: object): void {
  const { groupBy, measures } = options as {
    readonly groupBy?: unknown
    readonly measures: unknown
  }
  const names = Object.keys(Object(measures))
  for (const key of Array.isArray(groupBy) ? (groupBy as unknown[]) : []) {
    const { property } = Object(key) as { readonly property?: unknown }
    names.push(String(typeof key === 'string' ? key : (property ?? 'bucket')))
  }
  const twice = names.find((name, place) => names.indexOf(name) !== place)
  if (twice !== undefined) throw invalid(`two columns of the figures are called ${quote(twice)}`)
}

/** The least and the greatest of a column mean what the column means. */
function meaningOfMeasure(measure: unknown, layout: TableLayout | undefined): CellMeaning {
  const { min, max } = Object(measure) as { readonly min?: unknown; readonly max?: unknown }
  const column = min ?? max
  if (column === 'at') return 'instant'
  if (column === 'until') return 'end'
  if (column === 'label') return 'symbol'
  if (hyperedgeColumns.has(column)) return 'plain'
  const name = typeof column === 'string' ? column : Object(column).property
  return typeOf(layout, name) === 'timestamp' ? 'instant' : 'plain'
}

function typeOf(layout: TableLayout | undefined, name: unknown): PropertyType | undefined {
  return layout?.schema.properties.find((property) => property.name === name)?.type
}
