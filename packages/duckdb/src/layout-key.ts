import { HyperMeshError, quoteIdentifier } from '@hypermesh/contract'

/** A column and the transform of the table format that makes a key of it. */
export interface KeyColumn {
  readonly path: readonly string[]
  /** The column's primitive type, in the format's words. */
  readonly type: string
  readonly transform: { readonly kind: string; readonly width?: number }
}

/** SQL of a key. Null of null, as every transform has it. */
export function keyExpression({ path, type, transform }: KeyColumn): string {
  const sql = path.map(quoteIdentifier).join('.')
  const { kind, width = 1 } = transform
  switch (kind) {
    case 'identity':
      // To DuckDB the two zeros are equal; in the table format they are not.
      return type === 'float' || type === 'double' ? `CAST(${sql} AS VARCHAR)` : sql
    case 'year':
      return `CAST(year(${sql}) - 1970 AS INTEGER)`
    case 'month':
      return `CAST((year(${sql}) - 1970) * 12 + month(${sql}) - 1 AS INTEGER)`
    case 'day':
      return `CAST(${sql} AS DATE)`
    case 'hour':
      return `CAST(datediff('hour', TIMESTAMP '1970-01-01', CAST(${sql} AS TIMESTAMP)) AS INTEGER)`
    case 'truncate':
      return truncated(sql, type, width)
    case 'bucket':
      return `CAST((${hashed(sql, type)} & 2147483647) % ${width} AS INTEGER)`
    default:
      throw new HyperMeshError('unsupported', `transform ${kind} cannot be written`)
  }
}

/** A key or a column as text that says it exactly: bytes and texts in hexadecimal. */
export function exactText(sql: string, type: string): string {
  if (type === 'string') return `lower(hex(encode(${sql})))`
  if (type === 'binary' || type.startsWith('fixed')) return `lower(hex(${sql}))`
  return `CAST(${sql} AS VARCHAR)`
}

/** Of a value without its point; the sign stays in front. */
const unscaled = (sql: string) => `CAST(replace(CAST(${sql} AS VARCHAR), '.', '') AS HUGEINT)`

function truncated(sql: string, type: string, width: number): string {
  const floor = (value: string) => `(${value} - ((${value} % ${width}) + ${width}) % ${width})`
  if (type === 'string') return `left(${sql}, ${width})`
  if (type === 'binary') return `unhex(left(hex(${sql}), ${2 * width}))`
  if (!type.startsWith('decimal')) return wrapped(sql, type, floor)
  const [, precision = '38', scale = '0'] = /^decimal\((\d+), ?(\d+)\)$/.exec(type) ?? []
  const text = `CAST(${floor(unscaled(sql))} AS VARCHAR)`
  if (scale === '0') return `CAST(${text} AS DECIMAL(${precision}, 0))`
  // The point is put back into the text: a division would go by way of a DOUBLE.
  const bare = `ltrim(${text}, '-')`
  const length = `CAST(greatest(length(${bare}), ${Number(scale) + 1}) AS INTEGER)`
  const digits = `lpad(${bare}, ${length}, '0')`
  const signed = `CASE WHEN starts_with(${text}, '-') THEN '-' ELSE '' END`
  const pointed = `left(${digits}, length(${digits}) - ${scale}) || '.' || right(${digits}, ${scale})`
  return `CAST(${signed} || ${pointed} AS DECIMAL(${precision}, ${scale}))`
}

/** Below the least value of the type it wraps around, as in Java; most values are far from there. */
function wrapped(sql: string, type: string, floor: (value: string) => string): string {
  const [name, wide, bits] =
    type === 'int' ? ['INTEGER', 'BIGINT', 32n] : ['BIGINT', 'HUGEINT', 64n]
  const least = `CAST('${-(2n ** (bits - 1n))}' AS ${wide})`
  const exact = floor(`CAST(${sql} AS ${wide})`)
  const around = `CASE WHEN ${exact} < ${least} THEN ${exact} + CAST('${2n ** bits}' AS ${wide}) ELSE ${exact} END`
  if (type === 'int') return `CAST(${around} AS ${name})`
  // No width goes beyond this, and a HUGEINT for every row would take several times as long.
  const far = `${sql} > CAST('${-(2n ** 62n)}' AS BIGINT)`
  return `CASE WHEN ${far} THEN ${floor(sql)} ELSE CAST(${around} AS ${name}) END`
}

/** The 32-bit hash of the format's appendix B; the functions are those of `hash-functions.ts`. */
function hashed(sql: string, type: string): string {
  const long = (value: string) => `hash_long(CAST(${value} AS BIGINT))`
  const hash = () => {
    if (type === 'int' || type === 'long') return long(sql)
    if (type === 'date') return long(`datediff('day', DATE '1970-01-01', ${sql})`)
    if (type === 'time') return long(`datediff('microsecond', TIME '00:00:00', ${sql})`)
    if (type.startsWith('timestamp')) return long(`epoch_us(${sql})`)
    if (type.startsWith('decimal')) return `hash_decimal(${unscaled(sql)})`
    if (type === 'string') return `hash_bytes(encode(${sql}))`
    if (type === 'uuid') return `hash_bytes(unhex(replace(CAST(${sql} AS VARCHAR), '-', '')))`
    return `hash_bytes(${sql})`
  }
  return `CASE WHEN ${sql} IS NULL THEN NULL ELSE ${hash()} END`
}
