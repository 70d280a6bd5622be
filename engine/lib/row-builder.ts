/** A column as rows take it: one value a row, or a list's values with the row's offsets. */
export interface Cells {
  readonly name: string
  /** In `props`, beside the row's own fields. */
  readonly isProperty: boolean
  readonly values: ArrayLike<unknown>
  /** Of a list. */
  readonly offsets?: Uint32Array
  /** Whether a list of nothing but nulls is null itself. */
  readonly isNullable?: boolean
}

type Build = (
  values: readonly ArrayLike<unknown>[],
  offsets: readonly (Uint32Array | undefined)[],
  rowCount: number,
) => unknown[]

/** Makes rows of one shape. Kept: a program asks for few different sets of columns. */
const builders = new Map<string, Build>()
const buildersMax = 256

/** One plain object a row, each a copy: what is done to it changes nothing else. */
export function buildRows(columns: readonly Cells[], rowCount: number): unknown[] {
  const shape = JSON.stringify(
    columns.map(({ name, isProperty, offsets, isNullable }) => [
      name,
      isProperty,
      offsets !== undefined,
      isNullable,
    ]),
  )
  let build = builders.get(shape)
  if (build === undefined) {
    build = compile(columns) ?? interpret(columns)
    if (builders.size >= buildersMax) builders.clear()
    builders.set(shape, build)
  }
  return build(
    columns.map((column) => column.values),
    columns.map((column) => column.offsets),
    rowCount,
  )
}

/**
 * A loop with one object literal for exactly these columns, which is several times as fast as adding
 * fields one by one. Undefined where the process forbids code from strings.
 */
function compile(columns: readonly Cells[]): Build | undefined {
  const fields: string[] = []
  const properties: string[] = []
  columns.forEach(({ name, isProperty, offsets, isNullable }, place) => {
    const make = isNullable ? 'listOrNull' : 'list'
    const value = offsets ? `${make}(v${place}, o${place}[i], o${place}[i + 1])` : `v${place}[i]`
    // Quoted by JSON and computed, so that no name is taken for code or for a prototype.
    const target = isProperty ? properties : fields
    target.push(`${name === '__proto__' ? `["__proto__"]` : JSON.stringify(name)}: ${value}`)
  })
  if (properties.length > 0) fields.push(`props: { ${properties.join(', ')} }`)
  const locals = columns.map(
    (_, place) => `v${place} = values[${place}], o${place} = offsets[${place}]`,
  )
  const body = `'use strict'
    return function (values, offsets, rowCount) {
      const rows = new Array(rowCount)${locals.length > 0 ? `, ${locals.join(', ')}` : ''}
      for (let i = 0; i < rowCount; i++) rows[i] = { ${fields.join(', ')} }
      return rows
    }`
  try {
    return new Function('list', 'listOrNull', body)(list, listOrNull) as Build
  } catch (error) {
    if (error instanceof EvalError) return undefined
    throw error
  }
}

function interpret(columns: readonly Cells[]): Build {
  const shapes = columns.map(({ name, isProperty, isNullable }) => ({
    name,
    isProperty,
    make: isNullable ? listOrNull : list,
  }))
  const hasProperties = columns.some((column) => column.isProperty)
  return (values, offsets, rowCount) =>
    Array.from({ length: rowCount }, (_, row) => {
      const fields: [string, unknown][] = []
      const properties: [string, unknown][] = []
      shapes.forEach(({ name, isProperty, make }, place) => {
        const column = values[place] ?? []
        const bounds = offsets[place]
        const value = bounds ? make(column, bounds[row] ?? 0, bounds[row + 1] ?? 0) : column[row]
        const target = isProperty ? properties : fields
        target.push([name, value])
      })
      if (hasProperties) fields.push(['props', Object.fromEntries(properties)])
      return Object.fromEntries(fields)
    })
}

function list(values: ArrayLike<unknown>, from: number, to: number): unknown[] {
  const items = new Array<unknown>(to - from)
  for (let at = from; at < to; at++) items[at - from] = values[at]
  return items
}

function listOrNull(values: ArrayLike<unknown>, from: number, to: number): unknown[] | null {
  for (let at = from; at < to; at++) if (values[at] !== null) return list(values, from, to)
  return null
}
