import * as duck from '@duckdb/node-api'
import { HyperMeshError, printable, type SqlParameter, type SqlRequest } from '@hypermesh/contract'
import { temporalValue } from './parameter-times.ts'
import type { ScanValue } from './planned-value.ts'
import type { BoundParameters } from './session.ts'

export interface RequestParameters {
  /** Undefined where the request has none. */
  readonly parameters: BoundParameters | undefined
  /** The same values as a plan's filters know them. */
  readonly planned: ReadonlyMap<string, ScanValue>
}

interface TypedValue {
  readonly value: duck.DuckDBValue
  readonly type: duck.DuckDBType
  readonly planned?: ScanValue
}

/**
 * The parameters of a request as values that DuckDB binds, exact: `?` and `$1` from an array, `$name`
 * from an object. Throws `invalid` for a value that is not of its type.
 */
export function bindParameters(given: SqlRequest['parameters']): RequestParameters {
  const names = Array.isArray(given) ? given.map((_, index) => String(index + 1)) : []
  const entries: [string, SqlParameter][] = Array.isArray(given)
    ? given.map((value, index) => [names[index] ?? '', value])
    : Object.entries(given ?? {})
  if (entries.length === 0) return { parameters: undefined, planned: new Map() }
  const typed = entries.map(([name, value]): [string, TypedValue] => [name, toTyped(name, value)])
  return {
    parameters: {
      values: Object.fromEntries(typed.map(([name, { value }]) => [name, value])),
      types: Object.fromEntries(typed.map(([name, { type }]) => [name, type])),
    },
    planned: new Map(
      typed.flatMap(([name, { planned }]): [string, ScanValue][] =>
        planned ? [[name, planned]] : [],
      ),
    ),
  }
}

function toTyped(name: string, given: SqlParameter): TypedValue {
  if (given === null) return { value: null, type: duck.SQLNULL }
  if (typeof given === 'boolean') return fromText(name, 'BOOLEAN', String(given))
  if (typeof given === 'string') return fromText(name, 'VARCHAR', given)
  if (typeof given === 'number') return fromNumber(name, given)
  if (Array.isArray(given)) return toVector('DOUBLE[]', given)
  return fromText(name, normalType(given.type), given.value)
}

const two53 = 2 ** 53
const two64 = 2 ** 64

function fromNumber(name: string, value: number): TypedValue {
  if (!Number.isInteger(value) || Object.is(value, -0)) {
    return fromText(name, 'DOUBLE', Object.is(value, -0) ? '-0' : String(value))
  }
  if (Math.abs(value) < 2 ** 31) return fromText(name, 'INTEGER', String(value))
  if (Math.abs(value) < two53) return fromText(name, 'BIGINT', String(value))
  if (Math.abs(value) >= two64) return fromText(name, 'DOUBLE', String(value))
  throw invalid(
    name,
    'is a whole number that JSON may have rounded; send {"type": "BIGINT", "value": "…"}',
  )
}

type VectorType = 'FLOAT[]' | 'DOUBLE[]'

function toVector(type: VectorType, numbers: readonly number[]): TypedValue {
  const of = duck.LIST(type === 'FLOAT[]' ? duck.FLOAT : duck.DOUBLE)
  return { value: new duck.DuckDBListValue([...numbers]), type: of }
}

function vectorValue(type: VectorType, text: string): TypedValue | 'mismatch' {
  try {
    const numbers: unknown = JSON.parse(text)
    const isVector = Array.isArray(numbers) && numbers.every((each) => typeof each === 'number')
    return isVector ? toVector(type, numbers) : 'mismatch'
  } catch {
    return 'mismatch'
  }
}

const aliases: Readonly<Record<string, string>> = {
  BOOL: 'BOOLEAN',
  LOGICAL: 'BOOLEAN',
  INT1: 'TINYINT',
  INT2: 'SMALLINT',
  SHORT: 'SMALLINT',
  INT: 'INTEGER',
  INT4: 'INTEGER',
  SIGNED: 'INTEGER',
  INT8: 'BIGINT',
  LONG: 'BIGINT',
  INT128: 'HUGEINT',
  REAL: 'FLOAT',
  FLOAT4: 'FLOAT',
  FLOAT8: 'DOUBLE',
  'DOUBLE PRECISION': 'DOUBLE',
  'REAL[]': 'FLOAT[]',
  TEXT: 'VARCHAR',
  STRING: 'VARCHAR',
  CHAR: 'VARCHAR',
  JSON: 'VARCHAR',
  BYTEA: 'BLOB',
  BINARY: 'BLOB',
  VARBINARY: 'BLOB',
  DATETIME: 'TIMESTAMP',
  'TIMESTAMP WITHOUT TIME ZONE': 'TIMESTAMP',
  TIMESTAMPTZ: 'TIMESTAMP WITH TIME ZONE',
  DECIMAL: 'DECIMAL(18,3)',
  NUMERIC: 'DECIMAL(18,3)',
}

function normalType(text: string): string {
  const type = text
    .trim()
    .toUpperCase()
    .replace(/\s+/g, ' ')
    .replace(/^NUMERIC\b/, 'DECIMAL')
  return aliases[type] ?? type.replace(/\s*([(),])\s*/g, '$1')
}

interface WholeType {
  readonly type: duck.DuckDBType
  readonly bits: number
  readonly signed: boolean
}

const wholeTypes: Readonly<Record<string, WholeType>> = {
  TINYINT: { type: duck.TINYINT, bits: 8, signed: true },
  SMALLINT: { type: duck.SMALLINT, bits: 16, signed: true },
  INTEGER: { type: duck.INTEGER, bits: 32, signed: true },
  BIGINT: { type: duck.BIGINT, bits: 64, signed: true },
  HUGEINT: { type: duck.HUGEINT, bits: 128, signed: true },
  UTINYINT: { type: duck.UTINYINT, bits: 8, signed: false },
  USMALLINT: { type: duck.USMALLINT, bits: 16, signed: false },
  UINTEGER: { type: duck.UINTEGER, bits: 32, signed: false },
  UBIGINT: { type: duck.UBIGINT, bits: 64, signed: false },
  UHUGEINT: { type: duck.UHUGEINT, bits: 128, signed: false },
}

function fromText(name: string, type: string, text: string | null): TypedValue {
  const known = text === null ? nullOf(type) : valueFrom(type, text)
  if (known === undefined) {
    throw invalid(
      name,
      `is of type ${printable(type)}, which cannot be bound; bind VARCHAR and cast it in the statement`,
    )
  }
  if (known === 'mismatch') throw invalid(name, `is not a ${type}: "${printable(text ?? '')}"`)
  return known
}

function nullOf(type: string): TypedValue | undefined {
  const sample = valueFrom(type, samples[type.replace(/\(.*/, '')] ?? '0')
  return sample === undefined || sample === 'mismatch' ? undefined : { ...sample, value: null }
}

/** A text that is valid for the type, to learn the type from. */
const samples: Readonly<Record<string, string>> = {
  BOOLEAN: 'true',
  BLOB: '',
  DATE: '1970-01-01',
  TIME: '00:00:00',
  TIMESTAMP: '1970-01-01T00:00:00',
  TIMESTAMP_S: '1970-01-01T00:00:00',
  TIMESTAMP_MS: '1970-01-01T00:00:00',
  TIMESTAMP_NS: '1970-01-01T00:00:00',
  'TIMESTAMP WITH TIME ZONE': '1970-01-01T00:00:00Z',
  'FLOAT[]': '[]',
  'DOUBLE[]': '[]',
  UUID: '00000000-0000-0000-0000-000000000000',
  INTERVAL: 'PT0S',
}

function valueFrom(type: string, text: string): TypedValue | 'mismatch' | undefined {
  const whole = wholeTypes[type]
  if (whole) return wholeValue(type, whole, text)
  if (type.startsWith('DECIMAL(')) return decimalValue(type, text)
  if (type === 'FLOAT[]' || type === 'DOUBLE[]') return vectorValue(type, text)
  switch (type) {
    case 'BOOLEAN':
      if (text !== 'true' && text !== 'false') return 'mismatch'
      return { value: text === 'true', type: duck.BOOLEAN, planned: { type, text } }
    case 'FLOAT':
    case 'DOUBLE':
      return floatingValue(type, text)
    case 'VARCHAR':
      return { value: text, type: duck.VARCHAR, planned: { type, text } }
    case 'BLOB':
      if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) {
        return 'mismatch'
      }
      return { value: new duck.DuckDBBlobValue(Buffer.from(text, 'base64')), type: duck.BLOB }
    case 'UUID':
      if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return 'mismatch'
      return {
        value: duck.DuckDBUUIDValue.fromUint128(BigInt(`0x${text.replaceAll('-', '')}`)),
        type: duck.UUID,
      }
    default:
      return temporalValue(type, text)
  }
}

function wholeValue(type: string, { type: of, bits, signed }: WholeType, text: string) {
  if (!/^[+-]?\d{1,40}$/.test(text)) return 'mismatch'
  const value = BigInt(text)
  const fits = signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)
  if (fits !== value) return 'mismatch'
  const planned = { type, text: String(value) }
  return { value: bits < 64 ? Number(value) : value, type: of, planned }
}

function floatingValue(type: 'FLOAT' | 'DOUBLE', text: string): TypedValue | 'mismatch' {
  const special = /^([+-]?)(inf(?:inity)?|nan)$/i.exec(text)
  if (!special && !/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) return 'mismatch'
  const sign = special?.[1] === '-' ? -1 : 1
  const size = special?.[2]?.toLowerCase() === 'nan' ? Number.NaN : Number.POSITIVE_INFINITY
  const value = special ? sign * size : Number(text)
  const stored = type === 'FLOAT' ? Math.fround(value) : value
  if (!special && !Number.isFinite(stored)) return 'mismatch'
  if (type === 'FLOAT') return { value, type: duck.FLOAT }
  return { value, type: duck.DOUBLE, ...(special ? {} : { planned: { type, text } }) }
}

function decimalValue(type: string, text: string): TypedValue | 'mismatch' | undefined {
  const match = /^DECIMAL\((\d{1,2})(?:,(\d{1,2}))?\)$/.exec(type)
  const [width, scale] = [Number(match?.[1]), Number(match?.[2] ?? 0)]
  if (!match || width < 1 || width > 38 || scale > width) return undefined
  const parts = /^([+-]?)(\d{1,40})(?:\.(\d{0,40}))?$/.exec(text)
  if (!parts) return 'mismatch'
  const [, sign, whole = '', fraction = ''] = parts
  const digits = fraction.replace(/0+$/, '')
  if (digits.length > scale) return 'mismatch'
  const unscaled = BigInt(whole + digits.padEnd(scale, '0'))
  if (unscaled >= 10n ** BigInt(width)) return 'mismatch'
  const value = sign === '-' ? -unscaled : unscaled
  return {
    value: new duck.DuckDBDecimalValue(value, width, scale),
    type: duck.DECIMAL(width, scale),
  }
}

function invalid(name: string, message: string): HyperMeshError {
  return new HyperMeshError('invalid', `the parameter $${printable(name)} ${message}`, {
    details: { reason: 'parameter', parameter: name },
  })
}
