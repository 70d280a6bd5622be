import type { Long, TableMetadata } from '@hypermesh/contract'
import { encodeManifest } from './manifest.ts'
import { entryStatus, type ManifestEntry, type ManifestFile } from './manifest-types.ts'
import { type BoundPartitionField, boundFields, specById } from './partition-spec.ts'
import { summarizePartitions } from './partition-tuple.ts'
import { currentSchema } from './schema.ts'

/** A finished file that waits to be stored. */
export interface PendingFile {
  readonly uri: string
  readonly body: Uint8Array
}

/** Entries of one manifest: enough to compress well, few enough to decode at once. */
export const entriesMax = 20_000

/** Builds the manifests and lists of one snapshot; nothing is stored here. */
export class ManifestWriter {
  readonly pending: PendingFile[] = []
  readonly #metadata: TableMetadata
  readonly #snapshotId: Long
  readonly #sequenceNumber: Long
  readonly #directory: string
  readonly #uuid: string
  readonly #fields = new Map<number, readonly BoundPartitionField[]>()

  constructor(options: {
    metadata: TableMetadata
    snapshotId: Long
    sequenceNumber: Long
    uuid: string
  }) {
    this.#metadata = options.metadata
    this.#snapshotId = options.snapshotId
    this.#sequenceNumber = options.sequenceNumber
    this.#directory = `${options.metadata.location}/metadata`
    this.#uuid = options.uuid
  }

  partitionFields(specId: number): readonly BoundPartitionField[] {
    const known = this.#fields.get(specId)
    if (known !== undefined) return known
    const fields = boundFields(this.#metadata, specById(this.#metadata, specId))
    this.#fields.set(specId, fields)
    return fields
  }

  /** As many manifests as the entries need, all of one spec and one content. */
  add(entries: readonly ManifestEntry[], specId: number, content: number): ManifestFile[] {
    const manifests: ManifestFile[] = []
    for (let start = 0; start < entries.length; start += entriesMax) {
      manifests.push(this.#addOne(entries.slice(start, start + entriesMax), specId, content))
    }
    return manifests
  }

  addFile(name: string, body: Uint8Array): string {
    const uri = `${this.#directory}/${name}`
    this.pending.push({ uri, body })
    return uri
  }

  #addOne(entries: readonly ManifestEntry[], specId: number, content: number): ManifestFile {
    const partition = this.partitionFields(specId)
    const spec = specById(this.#metadata, specId)
    const schema = currentSchema(this.#metadata)
    const body = encodeManifest({ schema, spec, partition, content }, entries)
    const of = (status: number) => entries.filter((entry) => entry.status === status)
    const [added, existing, deleted] = [
      of(entryStatus.added),
      of(entryStatus.existing),
      of(entryStatus.deleted),
    ]
    return {
      path: this.addFile(`${this.#uuid}-m${this.pending.length}.avro`, body),
      bytes: body.length,
      specId,
      content,
      sequenceNumber: this.#sequenceNumber,
      minSequenceNumber: this.#leastSequence(entries),
      addedSnapshotId: this.#snapshotId,
      addedFiles: added.length,
      existingFiles: existing.length,
      deletedFiles: deleted.length,
      addedRows: rowsOf(added),
      existingRows: rowsOf(existing),
      deletedRows: rowsOf(deleted),
      partitions: summarizePartitions(
        partition,
        entries.map((entry) => entry.file.partition),
      ),
      keyMetadata: null,
    }
  }

  /** Over the live entries, as in Java; entries of this snapshot have its own number. */
  #leastSequence(entries: readonly ManifestEntry[]): Long {
    let least: Long = this.#sequenceNumber
    for (const { status, sequenceNumber } of entries) {
      if (status === entryStatus.deleted || sequenceNumber === undefined) continue
      if (BigInt(sequenceNumber) < BigInt(least)) least = sequenceNumber
    }
    return least
  }
}

function rowsOf(entries: readonly ManifestEntry[]): number {
  return entries.reduce((rows, entry) => rows + entry.file.recordCount, 0)
}
