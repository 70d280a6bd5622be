import type { AvroSchema } from './avro-container.ts'
import { decimalBytes, type Primitive } from './iceberg-type.ts'
import type { BoundPartitionField } from './partition-spec.ts'

// Names, ids and types are those of the table specification v2, sections "Manifests" and
// "Manifest Lists"; readers find the fields by id, some by name.

type Field = { readonly [key: string]: unknown }

const required = (id: number, name: string, type: AvroSchema): Field => ({
  name,
  type,
  'field-id': id,
})
const optional = (id: number, name: string, type: AvroSchema): Field => ({
  name,
  type: ['null', type],
  default: null,
  'field-id': id,
})

/** Avro maps have text keys only, so maps by field id are arrays of pairs. */
const mapOf = (keyId: number, valueId: number, value: AvroSchema): AvroSchema => ({
  type: 'array',
  logicalType: 'map',
  items: {
    type: 'record',
    name: `k${keyId}_v${valueId}`,
    fields: [required(keyId, 'key', 'int'), required(valueId, 'value', value)],
  },
})
const listOf = (elementId: number, items: AvroSchema): AvroSchema => ({
  type: 'array',
  items,
  'element-id': elementId,
})

export const manifestListSchema: AvroSchema = {
  type: 'record',
  name: 'manifest_file',
  fields: [
    required(500, 'manifest_path', 'string'),
    required(501, 'manifest_length', 'long'),
    required(502, 'partition_spec_id', 'int'),
    required(517, 'content', 'int'),
    required(515, 'sequence_number', 'long'),
    required(516, 'min_sequence_number', 'long'),
    required(503, 'added_snapshot_id', 'long'),
    required(504, 'added_files_count', 'int'),
    required(505, 'existing_files_count', 'int'),
    required(506, 'deleted_files_count', 'int'),
    required(512, 'added_rows_count', 'long'),
    required(513, 'existing_rows_count', 'long'),
    required(514, 'deleted_rows_count', 'long'),
    optional(
      507,
      'partitions',
      listOf(508, {
        type: 'record',
        name: 'r508',
        fields: [
          required(509, 'contains_null', 'boolean'),
          optional(518, 'contains_nan', 'boolean'),
          optional(510, 'lower_bound', 'bytes'),
          optional(511, 'upper_bound', 'bytes'),
        ],
      }),
    ),
    optional(519, 'key_metadata', 'bytes'),
  ],
}

/** The schema of a manifest whose files are partitioned by the fields. */
export function manifestSchema(partition: readonly BoundPartitionField[]): AvroSchema {
  const dataFile = [
    required(134, 'content', 'int'),
    required(100, 'file_path', 'string'),
    required(101, 'file_format', 'string'),
    required(102, 'partition', {
      type: 'record',
      name: 'r102',
      fields: partition.map(partitionField),
    }),
    required(103, 'record_count', 'long'),
    required(104, 'file_size_in_bytes', 'long'),
    optional(108, 'column_sizes', mapOf(117, 118, 'long')),
    optional(109, 'value_counts', mapOf(119, 120, 'long')),
    optional(110, 'null_value_counts', mapOf(121, 122, 'long')),
    optional(137, 'nan_value_counts', mapOf(138, 139, 'long')),
    optional(125, 'lower_bounds', mapOf(126, 127, 'bytes')),
    optional(128, 'upper_bounds', mapOf(129, 130, 'bytes')),
    optional(131, 'key_metadata', 'bytes'),
    optional(132, 'split_offsets', listOf(133, 'long')),
    optional(135, 'equality_ids', listOf(136, 'int')),
    optional(140, 'sort_order_id', 'int'),
    optional(143, 'referenced_data_file', 'string'),
  ]
  return {
    type: 'record',
    name: 'manifest_entry',
    fields: [
      required(0, 'status', 'int'),
      optional(1, 'snapshot_id', 'long'),
      optional(3, 'sequence_number', 'long'),
      optional(4, 'file_sequence_number', 'long'),
      required(2, 'data_file', { type: 'record', name: 'r2', fields: dataFile }),
    ],
  }
}

function partitionField(field: BoundPartitionField): Field {
  const name = avroName(field.name)
  const type = field.result === undefined ? 'null' : avroType(field.result, field.fieldId)
  const avro =
    type === 'null' ? required(field.fieldId, name, type) : optional(field.fieldId, name, type)
  return name === field.name ? avro : { ...avro, 'iceberg-field-name': field.name }
}

/** The name of the field in the record, as Java makes it: what Avro forbids becomes `_xHEX`. */
export function avroName(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return name
  let result = ''
  for (let index = 0; index < name.length; index += 1) {
    const unit = name.charAt(index)
    const isFine = index === 0 ? /[A-Za-z_]/.test(unit) : /[A-Za-z0-9_]/.test(unit)
    const isDigit = /[0-9]/.test(unit)
    if (isFine) result += unit
    else if (isDigit) result += `_${unit}`
    else result += `_x${unit.charCodeAt(0).toString(16).toUpperCase()}`
  }
  return result
}

/** Named types get the field's id in their name, since Avro allows each definition once. */
function avroType(type: Primitive, fieldId: number): AvroSchema {
  switch (type.kind) {
    case 'date':
      return { type: 'int', logicalType: 'date' }
    case 'time':
      return { type: 'long', logicalType: 'time-micros' }
    case 'timestamp':
    case 'timestamptz': {
      const adjusted = type.kind === 'timestamptz'
      return { type: 'long', logicalType: 'timestamp-micros', 'adjust-to-utc': adjusted }
    }
    case 'uuid':
      return { type: 'fixed', size: 16, name: `uuid_fixed_${fieldId}`, logicalType: 'uuid' }
    case 'fixed':
      return { type: 'fixed', size: type.length, name: `fixed_${type.length}_${fieldId}` }
    case 'decimal': {
      const { precision, scale } = type
      const size = decimalBytes(precision)
      const name = `decimal_${precision}_${scale}_${fieldId}`
      return { type: 'fixed', size, name, logicalType: 'decimal', precision, scale }
    }
    case 'binary':
      return 'bytes'
    default:
      return type.kind
  }
}

const manifestNames = namesById(manifestSchema([]))
const manifestListNames = namesById(manifestListSchema)

export function renameManifest(schema: unknown): unknown {
  return renameFields(schema, manifestNames)
}

export function renameManifestList(schema: unknown): unknown {
  return renameFields(schema, manifestListNames)
}

/** How the field with the id is called once a manifest's schema went through `renameManifest`. */
function partitionKey(fieldId: number): string {
  return `f${fieldId}`
}

/** Writers differ in names (`added_data_files_count`), never in ids: go by the ids. */
function renameFields(schema: unknown, names: ReadonlyMap<number, string>): unknown {
  if (Array.isArray(schema)) return schema.map((branch) => renameFields(branch, names))
  if (typeof schema !== 'object' || schema === null) return schema
  const node: Record<string, unknown> = { ...schema }
  for (const key of ['type', 'items', 'values'] as const) {
    if (node[key] !== undefined) node[key] = renameFields(node[key], names)
  }
  if (Array.isArray(node.fields)) {
    node.fields = node.fields.map((field: Record<string, unknown>) => {
      const id = field['field-id']
      const name = typeof id === 'number' ? (names.get(id) ?? partitionKey(id)) : field.name
      return { ...field, name, type: renameFields(field.type, names) }
    })
  }
  return node
}

function namesById(schema: unknown, names = new Map<number, string>()): Map<number, string> {
  if (Array.isArray(schema)) for (const branch of schema) namesById(branch, names)
  else if (typeof schema === 'object' && schema !== null) {
    const node = schema as Record<string, unknown>
    const id = node['field-id']
    if (typeof id === 'number') names.set(id, String(node.name))
    for (const key of ['type', 'items', 'fields'] as const) namesById(node[key], names)
  }
  return names
}
