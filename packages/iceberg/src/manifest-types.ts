import type { Long } from '@hypermesh/contract'

export const entryStatus = { existing: 0, added: 1, deleted: 2 } as const
export type EntryStatus = (typeof entryStatus)[keyof typeof entryStatus]

/** A value of a partition tuple as Avro holds it. */
export type AvroValue = null | boolean | number | bigint | string | Buffer

export type Counts = ReadonlyMap<number, number>
export type Bounds = ReadonlyMap<number, Uint8Array>

/** A data or delete file as a manifest describes it; maps are by field id. */
export interface DataFile {
  /** 0: data, 1: position deletes, 2: equality deletes. */
  readonly content: number
  readonly path: string
  readonly format: string
  readonly partition: ReadonlyMap<number, AvroValue>
  readonly recordCount: number
  readonly fileBytes: number
  readonly columnBytes: Counts
  readonly valueCounts: Counts
  readonly nullCounts: Counts
  readonly nanCounts: Counts
  readonly lowerBounds: Bounds
  readonly upperBounds: Bounds
  readonly keyMetadata: Buffer | null
  readonly splitOffsets: readonly Long[] | null
  readonly equalityIds: readonly number[] | null
  readonly sortOrderId: number | null
  readonly referencedFile: string | null
}

export interface ManifestEntry {
  readonly status: EntryStatus
  readonly snapshotId: Long
  /** Undefined only before the first commit: readers then inherit the manifest's. */
  readonly sequenceNumber: Long | undefined
  readonly fileSequenceNumber: Long | undefined
  readonly file: DataFile
}

export interface PartitionSummary {
  readonly containsNull: boolean
  readonly containsNan: boolean | undefined
  readonly lowerBound: Uint8Array | undefined
  readonly upperBound: Uint8Array | undefined
}

/** A manifest as a manifest list describes it. Counts are undefined in lists of format v1. */
export interface ManifestFile {
  readonly path: string
  readonly bytes: number
  readonly specId: number
  /** 0: data files, 1: delete files. */
  readonly content: number
  readonly sequenceNumber: Long
  readonly minSequenceNumber: Long
  readonly addedSnapshotId: Long
  readonly addedFiles: number | undefined
  readonly existingFiles: number | undefined
  readonly deletedFiles: number | undefined
  readonly addedRows: number | undefined
  readonly existingRows: number | undefined
  readonly deletedRows: number | undefined
  readonly partitions: readonly PartitionSummary[] | undefined
  readonly keyMetadata: Buffer | null
}

/** May the manifest hold files of the snapshot, rather than only deleted ones? */
export function hasLiveFiles(manifest: ManifestFile): boolean {
  return manifest.addedFiles !== 0 || manifest.existingFiles !== 0
}
