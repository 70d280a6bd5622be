import { doubleFromText, scalarFromText } from './bounds.ts'
import type { Primitive } from './iceberg-type.ts'
import type { ScanValue } from './scan-predicate.ts'
import type { Scalar } from './single-value.ts'

const integers =
  'TINYINT SMALLINT INTEGER BIGINT HUGEINT UTINYINT USMALLINT UINTEGER UBIGINT'.split(' ')

/** DuckDB's types whose constants mean the same as values of a column of the Iceberg type. */
const comparable: Readonly<Record<Primitive['kind'], readonly string[]>> = {
  boolean: ['BOOLEAN'],
  int: integers,
  long: integers,
  float: ['FLOAT', 'DOUBLE'],
  double: ['FLOAT', 'DOUBLE'],
  decimal: ['DECIMAL', ...integers],
  date: ['DATE'],
  time: ['TIME'],
  timestamp: ['TIMESTAMP'],
  timestamptz: ['TIMESTAMP WITH TIME ZONE', 'TIMESTAMPTZ'],
  string: ['VARCHAR'],
  uuid: ['UUID'],
  fixed: [],
  binary: [],
}

/**
 * The constant as a value to compare with a column's bounds. Undefined, so that nothing is pruned,
 * for null, for a constant of another type and for a text that does not tell the value exactly.
 */
export function toScalar(column: Primitive, constant: ScanValue): Scalar | undefined {
  const { text } = constant
  const type = constant.type.toUpperCase().replace(/\(.*$/, '').trim()
  if (text === null || !comparable[column.kind].includes(type)) return undefined
  if (column.kind === 'int' || column.kind === 'long') {
    return /^-?\d{1,40}$/.test(text) ? BigInt(text) : undefined
  }
  if (column.kind === 'float' || column.kind === 'double') {
    const value = doubleFromText(text)
    return value !== undefined && type === 'FLOAT' ? Math.fround(value) : value
  }
  return scalarFromText(column, text)
}
