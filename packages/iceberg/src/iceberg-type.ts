import {
  HyperMeshError,
  type IcebergType,
  type ListType,
  type MapType,
  printable,
  type StructType,
} from '@hypermesh/contract'

const simpleKinds = [
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'string',
  'uuid',
  'binary',
] as const
export type SimpleKind = (typeof simpleKinds)[number]

/** A primitive type of table format v2, taken apart. */
export type Primitive =
  | { readonly kind: SimpleKind }
  | { readonly kind: 'fixed'; readonly length: number }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }

const simple = new Map<string, Primitive>(simpleKinds.map((kind) => [kind, { kind }]))
const laterPattern =
  /^(timestamp_ns|timestamptz_ns|unknown|variant|geometry(\(.*\))?|geography(\(.*\))?)$/

/** Parses the name of a primitive type; `unsupported` for those of v3, else `invalid`. */
export function parsePrimitive(text: string): Primitive {
  const known = simple.get(text)
  if (known !== undefined) return known
  const decimal = /^decimal\(\s*(\d{1,2})\s*,\s*(\d{1,2})\s*\)$/.exec(text)
  if (decimal !== null) {
    const precision = Number(decimal[1])
    const scale = Number(decimal[2])
    if (precision >= 1 && precision <= 38 && scale <= precision) {
      return { kind: 'decimal', precision, scale }
    }
  }
  const fixed = /^fixed\[\s*(\d{1,9})\s*\]$/.exec(text)
  if (fixed !== null) return { kind: 'fixed', length: Number(fixed[1]) }
  if (laterPattern.test(text)) {
    throw new HyperMeshError('unsupported', `type ${text} needs table format 3; this lake writes 2`)
  }
  throw new HyperMeshError('invalid', `"${printable(text)}" is not an iceberg type`)
}

export function isPrimitive(type: IcebergType): type is string {
  return typeof type === 'string'
}

export function isStruct(type: IcebergType): type is StructType {
  return typeof type !== 'string' && type.type === 'struct'
}

export function isList(type: IcebergType): type is ListType {
  return typeof type !== 'string' && type.type === 'list'
}

export function isMap(type: IcebergType): type is MapType {
  return typeof type !== 'string' && type.type === 'map'
}

/** The type in one spelling, for messages and for comparing. */
export function formatType(type: IcebergType): string {
  if (isPrimitive(type)) return formatPrimitive(parsePrimitive(type))
  if (isList(type)) return `list<${formatType(type.element)}>`
  if (isMap(type)) return `map<${formatType(type.key)}, ${formatType(type.value)}>`
  return `struct<${type.fields.map((field) => `${field.name}: ${formatType(field.type)}`).join(', ')}>`
}

export function formatPrimitive(type: Primitive): string {
  if (type.kind === 'decimal') return `decimal(${type.precision}, ${type.scale})`
  return type.kind === 'fixed' ? `fixed[${type.length}]` : type.kind
}

/** Bytes that hold any unscaled value of the precision, as two's complement. */
export function decimalBytes(precision: number): number {
  let bytes = 1
  while (2n ** BigInt(8 * bytes - 1) < 10n ** BigInt(precision)) bytes += 1
  return bytes
}

/**
 * May values of one type be read as the other without a change of the files? The promotions of
 * format v2: int → long, float → double, decimal(P, S) → decimal(P' ≥ P, S).
 */
export function isPromotion(from: Primitive, to: Primitive): boolean {
  if (from.kind === 'int') return to.kind === 'long'
  if (from.kind === 'float') return to.kind === 'double'
  if (from.kind === 'decimal' && to.kind === 'decimal') {
    return from.scale === to.scale && from.precision < to.precision
  }
  return false
}
