import type { Long } from '@hypermesh/contract'
import { decodeAvroFile, encodeAvroFile } from './avro-container.ts'
import { manifestListSchema, renameManifestList } from './manifest-schema.ts'
import type { ManifestFile } from './manifest-types.ts'

export interface ManifestListHeader {
  readonly snapshotId: Long
  readonly parentId: Long | undefined
  readonly sequenceNumber: Long
}

export function encodeManifestList(
  header: ManifestListHeader,
  manifests: readonly ManifestFile[],
): Buffer {
  return encodeAvroFile(manifestListSchema, manifests.map(toRecord), {
    'snapshot-id': String(header.snapshotId),
    'parent-snapshot-id': String(header.parentId ?? null),
    'sequence-number': String(header.sequenceNumber),
    'format-version': '2',
  })
}

/** Reads a manifest list of format v1 or v2. */
export function decodeManifestList(bytes: Uint8Array): DecodedManifestList {
  const { records, rawBytes } = decodeAvroFile(bytes, renameManifestList)
  return { manifests: records.map((record) => fromRecord(record as ManifestRecord)), rawBytes }
}

export interface DecodedManifestList {
  readonly manifests: readonly ManifestFile[]
  readonly rawBytes: number
}

/** The record as Avro holds it. Lists of v1 lack what v2 added, and may leave counts out. */
interface ManifestRecord {
  readonly manifest_path: string
  readonly manifest_length: Long
  readonly partition_spec_id: number
  readonly content?: number
  readonly sequence_number?: Long
  readonly min_sequence_number?: Long
  readonly added_snapshot_id: Long
  readonly added_files_count?: number | null
  readonly existing_files_count?: number | null
  readonly deleted_files_count?: number | null
  readonly added_rows_count?: Long | null
  readonly existing_rows_count?: Long | null
  readonly deleted_rows_count?: Long | null
  readonly partitions?: readonly SummaryRecord[] | null
  readonly key_metadata?: Buffer | null
}

interface SummaryRecord {
  readonly contains_null: boolean
  readonly contains_nan?: boolean | null
  readonly lower_bound?: Buffer | null
  readonly upper_bound?: Buffer | null
}

function toRecord(manifest: ManifestFile): ManifestRecord {
  return {
    manifest_path: manifest.path,
    manifest_length: manifest.bytes,
    partition_spec_id: manifest.specId,
    content: manifest.content,
    sequence_number: manifest.sequenceNumber,
    min_sequence_number: manifest.minSequenceNumber,
    added_snapshot_id: manifest.addedSnapshotId,
    added_files_count: manifest.addedFiles ?? 0,
    existing_files_count: manifest.existingFiles ?? 0,
    deleted_files_count: manifest.deletedFiles ?? 0,
    added_rows_count: manifest.addedRows ?? 0,
    existing_rows_count: manifest.existingRows ?? 0,
    deleted_rows_count: manifest.deletedRows ?? 0,
    partitions:
      manifest.partitions?.map((summary) => ({
        contains_null: summary.containsNull,
        contains_nan: summary.containsNan ?? null,
        lower_bound: toBuffer(summary.lowerBound),
        upper_bound: toBuffer(summary.upperBound),
      })) ?? null,
    key_metadata: manifest.keyMetadata,
  }
}

function fromRecord(record: ManifestRecord): ManifestFile {
  return {
    path: record.manifest_path,
    bytes: Number(record.manifest_length),
    specId: record.partition_spec_id,
    content: record.content ?? 0,
    sequenceNumber: record.sequence_number ?? 0,
    minSequenceNumber: record.min_sequence_number ?? 0,
    addedSnapshotId: record.added_snapshot_id,
    addedFiles: record.added_files_count ?? undefined,
    existingFiles: record.existing_files_count ?? undefined,
    deletedFiles: record.deleted_files_count ?? undefined,
    addedRows: toCount(record.added_rows_count),
    existingRows: toCount(record.existing_rows_count),
    deletedRows: toCount(record.deleted_rows_count),
    partitions: record.partitions?.map((summary) => ({
      containsNull: summary.contains_null,
      containsNan: summary.contains_nan ?? undefined,
      lowerBound: summary.lower_bound ?? undefined,
      upperBound: summary.upper_bound ?? undefined,
    })),
    keyMetadata: record.key_metadata ?? null,
  }
}

function toCount(value: Long | null | undefined): number | undefined {
  return value === null || value === undefined ? undefined : Number(value)
}

function toBuffer(bytes: Uint8Array | undefined): Buffer | null {
  return bytes === undefined ? null : Buffer.from(bytes)
}
