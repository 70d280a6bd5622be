import {
  HyperMeshError,
  type IcebergSchema,
  type Long,
  type PartitionSpec,
} from '@hypermesh/contract'
import { type AvroFile, decodeAvroFile, encodeAvroFile } from './avro-container.ts'
import { avroName, manifestSchema, renameManifest } from './manifest-schema.ts'
import {
  type AvroValue,
  type Bounds,
  type Counts,
  type EntryStatus,
  entryStatus,
  type ManifestEntry,
  type ManifestFile,
} from './manifest-types.ts'
import type { BoundPartitionField } from './partition-spec.ts'
import { specIdOf } from './partition-spec.ts'
import { schemaIdOf } from './schema.ts'

export interface ManifestHeader {
  readonly schema: IcebergSchema
  readonly spec: PartitionSpec
  readonly partition: readonly BoundPartitionField[]
  /** 0: data files, 1: delete files. */
  readonly content: number
}

/** Writes a manifest of format v2. Added entries without sequence numbers inherit theirs. */
export function encodeManifest(header: ManifestHeader, entries: readonly ManifestEntry[]): Buffer {
  const records = entries.map((entry) => toRecord(entry, header.partition))
  return encodeAvroFile(manifestSchema(header.partition), records, {
    schema: JSON.stringify(header.schema),
    'schema-id': String(schemaIdOf(header.schema)),
    'partition-spec': JSON.stringify(header.spec.fields),
    'partition-spec-id': String(specIdOf(header.spec)),
    'format-version': '2',
    content: header.content === 0 ? 'data' : 'deletes',
  })
}

export interface DecodedManifest {
  readonly entries: readonly ManifestEntry[]
  readonly rawBytes: number
}

/** Reads a manifest of format v1 or v2; what an entry leaves out is inherited from the manifest. */
export function decodeManifest(bytes: Uint8Array, manifest: ManifestFile): DecodedManifest {
  const file = decodeAvroFile(bytes, renameManifest)
  const partitionIds = idsOfPartition(file)
  const entries = file.records.map((record) =>
    fromRecord(record as EntryRecord, manifest, partitionIds),
  )
  return { entries, rawBytes: file.rawBytes }
}

type Pairs<Value> = readonly { readonly key: number; readonly value: Value }[] | null | undefined

/** The record as Avro holds it. Fields of v2 may be absent in manifests of v1. */
interface EntryRecord {
  readonly status: EntryStatus
  readonly snapshot_id?: Long | null
  readonly sequence_number?: Long | null
  readonly file_sequence_number?: Long | null
  readonly data_file: FileRecord
}

interface FileRecord {
  readonly content?: number
  readonly file_path: string
  readonly file_format: string
  readonly partition: Readonly<Record<string, AvroValue>>
  readonly record_count: Long
  readonly file_size_in_bytes: Long
  readonly column_sizes?: Pairs<Long>
  readonly value_counts?: Pairs<Long>
  readonly null_value_counts?: Pairs<Long>
  readonly nan_value_counts?: Pairs<Long>
  readonly lower_bounds?: Pairs<Buffer>
  readonly upper_bounds?: Pairs<Buffer>
  readonly key_metadata?: Buffer | null
  readonly split_offsets?: readonly Long[] | null
  readonly equality_ids?: readonly number[] | null
  readonly sort_order_id?: number | null
  readonly referenced_data_file?: string | null
}

function toRecord(entry: ManifestEntry, partition: readonly BoundPartitionField[]): EntryRecord {
  const { file } = entry
  const tuple = partition.map((field) => [
    avroName(field.name),
    field.result === undefined ? null : (file.partition.get(field.fieldId) ?? null),
  ])
  return {
    status: entry.status,
    snapshot_id: entry.snapshotId,
    sequence_number: entry.sequenceNumber ?? null,
    file_sequence_number: entry.fileSequenceNumber ?? null,
    data_file: {
      content: file.content,
      file_path: file.path,
      file_format: file.format,
      partition: Object.fromEntries(tuple),
      record_count: file.recordCount,
      file_size_in_bytes: file.fileBytes,
      column_sizes: toPairs(file.columnBytes),
      value_counts: toPairs(file.valueCounts),
      null_value_counts: toPairs(file.nullCounts),
      nan_value_counts: toPairs(file.nanCounts),
      lower_bounds: toBufferPairs(file.lowerBounds),
      upper_bounds: toBufferPairs(file.upperBounds),
      key_metadata: file.keyMetadata,
      split_offsets: file.splitOffsets,
      equality_ids: file.equalityIds,
      sort_order_id: file.sortOrderId,
      referenced_data_file: file.referencedFile,
    },
  }
}

function fromRecord(
  record: EntryRecord,
  manifest: ManifestFile,
  partitionIds: readonly (readonly [string, number])[],
): ManifestEntry {
  const file = record.data_file
  return {
    status: record.status,
    snapshotId: record.snapshot_id ?? manifest.addedSnapshotId,
    sequenceNumber: record.sequence_number ?? inherited(record, manifest),
    fileSequenceNumber: record.file_sequence_number ?? inherited(record, manifest),
    file: {
      content: file.content ?? 0,
      path: file.file_path,
      format: file.file_format.toUpperCase(),
      partition: new Map(partitionIds.map(([name, id]) => [id, file.partition[name] ?? null])),
      recordCount: Number(file.record_count),
      fileBytes: Number(file.file_size_in_bytes),
      columnBytes: toCounts(file.column_sizes),
      valueCounts: toCounts(file.value_counts),
      nullCounts: toCounts(file.null_value_counts),
      nanCounts: toCounts(file.nan_value_counts),
      lowerBounds: toBounds(file.lower_bounds),
      upperBounds: toBounds(file.upper_bounds),
      keyMetadata: file.key_metadata ?? null,
      splitOffsets: file.split_offsets ?? null,
      equalityIds: file.equality_ids ?? null,
      sortOrderId: file.sort_order_id ?? null,
      referencedFile: file.referenced_data_file ?? null,
    },
  }
}

/** Only added entries may leave their number out, except in lists of v1, where all are 0. */
function inherited(record: EntryRecord, manifest: ManifestFile): Long {
  if (record.status === entryStatus.added || manifest.sequenceNumber === 0) {
    return manifest.sequenceNumber
  }
  throw new HyperMeshError('corrupt', `${manifest.path} has an entry without a sequence number`)
}

/** Partition fields by the names that `renameManifest` gave them, with their ids. */
function idsOfPartition(file: AvroFile): readonly (readonly [string, number])[] {
  const schema = renameManifest(JSON.parse(file.header.get('avro.schema') ?? 'null')) as NamedNode
  const entry = schema.fields?.find((field) => field.name === 'data_file')?.type as NamedNode
  const partition = entry?.fields?.find((field) => field.name === 'partition')?.type as NamedNode
  return (partition?.fields ?? []).flatMap((field) => {
    const id = field['field-id']
    return typeof id === 'number' ? [[field.name, id] as const] : []
  })
}

interface NamedNode {
  readonly fields?: readonly {
    readonly name: string
    readonly type: unknown
    'field-id'?: unknown
  }[]
}

function toPairs(map: Counts): Pairs<Long> {
  return map.size === 0 ? null : [...map].map(([key, value]) => ({ key, value }))
}

function toBufferPairs(map: Bounds): Pairs<Buffer> {
  if (map.size === 0) return null
  return [...map].map(([key, value]) => ({ key, value: Buffer.from(value) }))
}

function toCounts(pairs: Pairs<Long>): Counts {
  return new Map((pairs ?? []).map(({ key, value }) => [key, Number(value)]))
}

function toBounds(pairs: Pairs<Buffer>): Bounds {
  return new Map((pairs ?? []).map(({ key, value }) => [key, value]))
}
