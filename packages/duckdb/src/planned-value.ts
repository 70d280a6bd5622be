import { dateText, timestampText, timeText } from './civil-text.ts'
import { isNode, type SqlTree, type TreeNode, textOf } from './sql-tree.ts'

/** A constant as DuckDB writes it, with its DuckDB type. */
export interface ScanValue {
  readonly type: string
  readonly text: string | null
}

const integers = new Set([
  'TINYINT',
  'SMALLINT',
  'INTEGER',
  'BIGINT',
  'HUGEINT',
  'UTINYINT',
  'USMALLINT',
  'UINTEGER',
  'UBIGINT',
])

/** The constant of a plan, if it has the column's own type and is of a kind that is understood. */
export function plannedValue(
  literal: TreeNode,
  columnType: TreeNode,
  tree: SqlTree,
): ScanValue | undefined {
  if (literal.is_null !== false || !isNode(literal.type)) return undefined
  const type = typeName(columnType, tree)
  if (type === undefined || typeName(literal.type, tree) !== type) return undefined
  const text = literalText(literal, type, tree)
  return text === undefined ? undefined : { type, text }
}

/** A parameter's value, if comparing the column with it means the same in the column's type. */
export function sameMeaning(
  value: ScanValue,
  columnType: TreeNode,
  tree: SqlTree,
): ScanValue | undefined {
  const type = typeName(columnType, tree)
  if (type === undefined || value.text === null) return undefined
  if (value.type === type && (type === 'VARCHAR' || type === 'BOOLEAN')) return value
  if (integers.has(value.type) && integers.has(type)) return { type, text: value.text }
  if (value.type === 'DOUBLE' && type === 'DOUBLE') return value
  return undefined
}

function typeName(type: TreeNode, tree: SqlTree): string | undefined {
  const id = textOf(type.id)
  const info = type.type_info
  if (id !== 'DECIMAL') return isNode(info) ? undefined : id
  if (!isNode(info)) return undefined
  return `DECIMAL(${tree.numberText(info.width)},${tree.numberText(info.scale)})`
}

function literalText(literal: TreeNode, type: string, tree: SqlTree): string | undefined {
  const { value } = literal
  if (type === 'VARCHAR') return typeof value === 'string' ? value : undefined
  if (type === 'BOOLEAN') return typeof value === 'boolean' ? String(value) : undefined
  const number = tree.numberText(value)
  if (number === undefined) return undefined
  if (type === 'FLOAT' || type === 'DOUBLE') return number
  if (!/^-?\d+$/.test(number)) return undefined
  if (integers.has(type)) return number
  return wholeText(BigInt(number), type)
}

const endOfTime = 2n ** 63n - 1n

function wholeText(value: bigint, type: string): string | undefined {
  // DuckDB keeps infinite dates and timestamps at the ends of their integers.
  if (value >= endOfTime || value <= -endOfTime) return undefined
  if (type === 'DATE') {
    return value > -2_147_483_647n && value < 2_147_483_647n ? dateText(Number(value)) : undefined
  }
  if (type === 'TIME') return timeText(value, 6)
  if (type === 'TIMESTAMP') return timestampText(value, 6, ' ')
  if (type === 'TIMESTAMP WITH TIME ZONE') return `${timestampText(value, 6, ' ')}+00`
  const scale = /^DECIMAL\(\d+,(\d+)\)$/.exec(type)?.[1]
  return scale === undefined ? undefined : decimalText(value, Number(scale))
}

/** An unscaled integer with its decimal point: (-5n, 2) is `-0.05`. */
export function decimalText(unscaled: bigint, scale: number): string {
  const sign = unscaled < 0n ? '-' : ''
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
  if (scale === 0) return sign + digits
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}
