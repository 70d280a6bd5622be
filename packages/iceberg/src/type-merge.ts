import { formatPrimitive, isPromotion, type Primitive, parsePrimitive } from './iceberg-type.ts'

export interface MergedType {
  /** What the table's column becomes: its type as it is, or promoted. */
  readonly type: string
  /** The source's text must be read as that type, rather than cast from the inferred one. */
  readonly reread: boolean
}

/** The type under which the table holds both, without loss; undefined when there is none. */
export function mergePrimitives(
  tableText: string,
  sourceText: string,
  exact: boolean,
): MergedType | undefined {
  const table = parsePrimitive(tableText)
  const source = parsePrimitive(sourceText)
  const merged = mergeExact(table, source)
  if (merged !== undefined) return { type: formatPrimitive(merged), reread: false }
  const read = exact ? undefined : mergeText(table, source)
  return read && { type: formatPrimitive(read), reread: true }
}

function mergeExact(table: Primitive, source: Primitive): Primitive | undefined {
  if (formatPrimitive(table) === formatPrimitive(source)) return table
  if (isPromotion(source, table)) return table
  if (isPromotion(table, source)) return source
  if (table.kind === 'decimal' && source.kind === 'decimal') return mergeDecimals(table, source)
  if (source.kind === 'int' && table.kind === 'double') return table
  const digits = source.kind === 'int' ? 10 : source.kind === 'long' ? 19 : undefined
  const isHeld = digits !== undefined && table.kind === 'decimal'
  return isHeld && table.precision - table.scale >= digits ? table : undefined
}

type Decimal = Extract<Primitive, { kind: 'decimal' }>

/** The scale of a column cannot change; digits before the point may grow. */
function mergeDecimals(table: Decimal, source: Decimal): Primitive | undefined {
  if (source.scale > table.scale) return undefined
  const whole = Math.max(table.precision - table.scale, source.precision - source.scale)
  const precision = whole + table.scale
  return precision > 38 ? undefined : { kind: 'decimal', precision, scale: table.scale }
}

/** What the inferred type only guessed: the text is still there and says more. */
function mergeText(table: Primitive, source: Primitive): Primitive | undefined {
  if (table.kind === 'string') return table
  if (table.kind === 'timestamp') return source.kind === 'date' ? table : undefined
  if (source.kind !== 'int' && source.kind !== 'long') return undefined
  if (table.kind === 'double' || table.kind === 'decimal') return table
  // A float would round whole numbers; as a double the column keeps what both had.
  return table.kind === 'float' ? { kind: 'double' } : undefined
}
