import {
  DuckDBArrayType,
  DuckDBDecimalType,
  DuckDBListType,
  DuckDBMapType,
  DuckDBStructType,
  type DuckDBType,
  DuckDBTypeId,
  DuckDBUnionType,
} from '@duckdb/node-api'
import * as arrow from 'apache-arrow'
import type { BatchShape } from './arrow-batch.ts'
import { distinctNames } from './result-columns.ts'

const plainTypes: Readonly<Partial<Record<DuckDBTypeId, () => arrow.DataType>>> = {
  [DuckDBTypeId.BOOLEAN]: () => new arrow.Bool(),
  [DuckDBTypeId.TINYINT]: () => new arrow.Int8(),
  [DuckDBTypeId.SMALLINT]: () => new arrow.Int16(),
  [DuckDBTypeId.INTEGER]: () => new arrow.Int32(),
  [DuckDBTypeId.BIGINT]: () => new arrow.Int64(),
  [DuckDBTypeId.UTINYINT]: () => new arrow.Uint8(),
  [DuckDBTypeId.USMALLINT]: () => new arrow.Uint16(),
  [DuckDBTypeId.UINTEGER]: () => new arrow.Uint32(),
  [DuckDBTypeId.UBIGINT]: () => new arrow.Uint64(),
  [DuckDBTypeId.FLOAT]: () => new arrow.Float32(),
  [DuckDBTypeId.DOUBLE]: () => new arrow.Float64(),
  [DuckDBTypeId.HUGEINT]: () => new arrow.Decimal(0, 38, 128),
  [DuckDBTypeId.UHUGEINT]: () => new arrow.Decimal(0, 38, 128),
  [DuckDBTypeId.DATE]: () => new arrow.DateDay(),
  [DuckDBTypeId.TIME]: () => new arrow.TimeMicrosecond(),
  [DuckDBTypeId.TIME_NS]: () => new arrow.TimeNanosecond(),
  [DuckDBTypeId.TIMESTAMP]: () => new arrow.TimestampMicrosecond(),
  [DuckDBTypeId.TIMESTAMP_S]: () => new arrow.TimestampSecond(),
  [DuckDBTypeId.TIMESTAMP_MS]: () => new arrow.TimestampMillisecond(),
  [DuckDBTypeId.TIMESTAMP_NS]: () => new arrow.TimestampNanosecond(),
  [DuckDBTypeId.TIMESTAMP_TZ]: () => new arrow.TimestampMicrosecond('UTC'),
  [DuckDBTypeId.BLOB]: () => new arrow.Binary(),
  [DuckDBTypeId.SQLNULL]: () => new arrow.Null(),
}

/** The Arrow type of a column. Types without one are text in their wire form. */
export function arrowType(type: DuckDBType): arrow.DataType {
  const field = (name: string, of: DuckDBType, nullable = true) =>
    new arrow.Field(name, arrowType(of), nullable)
  if (type instanceof DuckDBDecimalType) return new arrow.Decimal(type.scale, type.width, 128)
  if (type instanceof DuckDBListType) return new arrow.List(field('item', type.valueType))
  if (type instanceof DuckDBArrayType) {
    return new arrow.FixedSizeList(type.length, field('item', type.valueType))
  }
  if (type instanceof DuckDBStructType) {
    const names = structNames(type)
    return new arrow.Struct(type.entryTypes.map((of, index) => field(names[index] ?? '', of)))
  }
  if (type instanceof DuckDBMapType) {
    const entry = [field('key', type.keyType, false), field('value', type.valueType)]
    return new arrow.Map_(new arrow.Field('entries', new arrow.Struct(entry), false) as MapField)
  }
  if (type instanceof DuckDBUnionType) {
    // A union is a struct of its members, all but one NULL: what every reader can read.
    return new arrow.Struct(
      type.memberTypes.map((of, index) => field(type.memberTags[index] ?? '', of)),
    )
  }
  return plainTypes[type.typeId]?.() ?? new arrow.Utf8()
}

type MapField = ConstructorParameters<typeof arrow.Map_>[0]

function structNames(type: DuckDBStructType): string[] {
  return distinctNames(type.entryNames.map((name, index) => name || `f${index + 1}`))
}

/** What a record batch has of columns of these types: a node each, then those of what they hold. */
export function shapeOf(types: readonly arrow.DataType[]): BatchShape {
  const shape = { nodes: 0, buffers: 0 }
  for (const type of types) {
    const inner = shapeOf((type.children ?? []).map((field: arrow.Field) => field.type))
    shape.nodes += 1 + inner.nodes
    shape.buffers += bufferCount(type) + inner.buffers
  }
  return shape
}

function bufferCount(type: arrow.DataType): number {
  if (arrow.DataType.isNull(type)) return 0
  if (arrow.DataType.isStruct(type) || arrow.DataType.isFixedSizeList(type)) return 1
  return arrow.DataType.isUtf8(type) || arrow.DataType.isBinary(type) ? 3 : 2
}
