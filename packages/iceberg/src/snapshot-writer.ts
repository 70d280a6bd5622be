import { randomBytes, randomUUID } from 'node:crypto'
import {
  type DataFileEntry,
  HyperMeshError,
  type IngestMode,
  type Long,
  printable,
  type Snapshot,
  type TableMetadata,
} from '@hypermesh/contract'
import { mapBounded } from './bounded-map.ts'
import { isPrimitive, parsePrimitive } from './iceberg-type.ts'
import { encodeManifestList } from './manifest-list.ts'
import { mergeManifests } from './manifest-merge.ts'
import {
  type ReadContext,
  readLiveEntries,
  readManifestList,
  readsAtOnce,
} from './manifest-reader.ts'
import {
  type DataFile,
  entryStatus,
  hasLiveFiles,
  type ManifestEntry,
  type ManifestFile,
} from './manifest-types.ts'
import { ManifestWriter, type PendingFile } from './manifest-writer.ts'
import { partitionOf, partitionText, type SourceTypes } from './partition-tuple.ts'
import { currentSchema, fieldsById, schemaIdOf } from './schema.ts'
import { type FileTotals, noFiles, summarize } from './snapshot-summary.ts'
import { currentSnapshot } from './table-metadata.ts'
import type { Warehouse } from './warehouse.ts'

export interface SnapshotRequest extends ReadContext {
  readonly warehouse: Warehouse
  readonly metadata: TableMetadata
  readonly mode: IngestMode
  readonly files: readonly DataFileEntry[]
  /** More keys for the snapshot's summary; what the format defines wins. */
  readonly summary: Readonly<Record<string, string>>
  readonly nowMs: number
  readonly snapshotId: number
  /** Part of the name of every file that is written; by default a random one. */
  readonly token?: string
}

export interface WrittenSnapshot {
  /** For an `add-snapshot` update. */
  readonly snapshot: Snapshot
  /** Keys of the store, to delete when the commit is not made. */
  readonly written: readonly string[]
}

/**
 * Writes the manifests and the manifest list of a snapshot on top of the table's current one. The
 * files are invisible until a commit names the snapshot; on failure they are deleted again.
 */
export async function writeSnapshot(request: SnapshotRequest): Promise<WrittenSnapshot> {
  const { metadata, snapshotId } = request
  const parent = currentSnapshot(metadata)
  const sequenceNumber = nextSequence(metadata['last-sequence-number'])
  const uuid = request.token ?? randomUUID()
  const writer = new ManifestWriter({ metadata, snapshotId, sequenceNumber, uuid })
  const specId = metadata['default-spec-id']
  const entries = addedEntries(request, writer)
  const added = writer.add(entries, specId, 0)
  const before = parent === undefined ? [] : await readManifestList(request, parent)
  const live = await countedManifests(request, before.filter(hasLiveFiles))
  const removal = request.mode === 'overwrite' ? await removeAll(request, writer, live) : undefined
  const kept = removal?.manifests ?? (await mergeManifests(request, writer, live))
  const parentId = parent?.['snapshot-id']
  const list = writer.addFile(
    `snap-${snapshotId}-1-${uuid}.avro`,
    encodeManifestList({ snapshotId, parentId, sequenceNumber }, [...added, ...kept]),
  )
  const written = await store(request, writer.pending)
  const partitions = new Set([
    ...partitionsOf(writer, specId, entries),
    ...(removal?.partitions ?? []),
  ])
  const summary = summarize({
    operation: request.mode,
    added: totalsOf(entries),
    removed: removal?.data ?? noFiles,
    removedDeleteFiles: removal?.deleteFiles ?? 0,
    changedPartitions: partitions.size,
    parent,
    extra: request.summary,
  })
  const snapshot: Snapshot = {
    'snapshot-id': snapshotId,
    ...(parentId === undefined ? {} : { 'parent-snapshot-id': parentId }),
    'sequence-number': sequenceNumber,
    'timestamp-ms': Math.max(request.nowMs, metadata['last-updated-ms']),
    'manifest-list': list,
    summary,
    'schema-id': schemaIdOf(currentSchema(metadata)),
  }
  return { snapshot, written }
}

/** A random id that every JSON parser reads exactly: above 0, below 2^53. */
export function mintSnapshotId(): number {
  const id = Number(randomBytes(8).readBigUInt64LE() >> 11n)
  return id === 0 ? 1 : id
}

function nextSequence(last: Long): Long {
  const next = BigInt(last) + 1n
  return Number.isSafeInteger(Number(next)) ? Number(next) : next
}

function addedEntries(request: SnapshotRequest, writer: ManifestWriter): ManifestEntry[] {
  const { metadata, warehouse } = request
  const fields = writer.partitionFields(metadata['default-spec-id'])
  const sources: SourceTypes = new Map(
    [...fieldsById(currentSchema(metadata)).values()].flatMap(({ id, type }) =>
      isPrimitive(type) ? [[id, parsePrimitive(type)] as const] : [],
    ),
  )
  const seen = new Set<string>()
  return request.files.map((sent) => {
    const entry = { ...sent, path: currentPath(request, sent.path) }
    if (seen.has(entry.path) || !entry.path.startsWith(`${metadata.location}/`)) {
      throw new HyperMeshError(
        'invalid',
        `file ${printable(entry.path)} is named twice or lies outside its table`,
      )
    }
    seen.add(entry.path)
    warehouse.toKey(entry.path)
    return {
      status: entryStatus.added,
      snapshotId: request.snapshotId,
      sequenceNumber: undefined,
      fileSequenceNumber: undefined,
      file: { ...toDataFile(entry), partition: partitionOf(entry, fields, sources) },
    }
  })
}

/** A writer may have begun when the warehouse had another URI. */
function currentPath({ metadata, warehouse }: SnapshotRequest, path: string): string {
  return path.startsWith(`${metadata.location}/`) ? path : warehouse.toCurrent(path)
}

function toDataFile(entry: DataFileEntry): Omit<DataFile, 'partition'> {
  return {
    content: 0,
    path: entry.path,
    format: 'PARQUET',
    recordCount: entry.recordCount,
    fileBytes: entry.fileBytes,
    columnBytes: byId(entry.columnBytes, (count) => count),
    valueCounts: byId(entry.valueCounts, (count) => count),
    nullCounts: byId(entry.nullCounts, (count) => count),
    nanCounts: byId(entry.nanCounts, (count) => count),
    lowerBounds: byId(entry.lowerBounds, (bound) => Buffer.from(bound, 'base64')),
    upperBounds: byId(entry.upperBounds, (bound) => Buffer.from(bound, 'base64')),
    keyMetadata: null,
    splitOffsets: null,
    equalityIds: null,
    sortOrderId: entry.sortOrderId ?? null,
    referencedFile: null,
  }
}

function byId<Value, Result>(
  record: Readonly<Record<string, Value>>,
  convert: (value: Value) => Result,
): ReadonlyMap<number, Result> {
  return new Map(Object.entries(record).map(([id, value]) => [Number(id), convert(value)]))
}

interface Removal {
  readonly manifests: readonly ManifestFile[]
  readonly data: FileTotals
  readonly partitions: readonly string[]
  readonly deleteFiles: number
}

/** Marks every file of the table as deleted, keeping the numbers under which each was added. */
async function removeAll(
  request: SnapshotRequest,
  writer: ManifestWriter,
  live: readonly ManifestFile[],
): Promise<Removal> {
  const groups = new Map<string, { specId: number; content: number; entries: ManifestEntry[] }>()
  const lists = await mapBounded(live, readsAtOnce, (manifest) =>
    readLiveEntries(request, manifest),
  )
  for (const [index, entries] of lists.entries()) {
    const { specId, content } = live[index] as ManifestFile
    const key = `${specId} ${content}`
    const group = groups.get(key) ?? { specId, content, entries: [] }
    groups.set(key, group)
    for (const entry of entries) {
      group.entries.push({
        ...entry,
        status: entryStatus.deleted,
        snapshotId: request.snapshotId,
      })
    }
  }
  const manifests = [...groups.values()].flatMap(({ entries, specId, content }) =>
    writer.add(entries, specId, content),
  )
  const entries = [...groups.values()].flatMap((group) => group.entries)
  const data = entries.filter((entry) => entry.file.content === 0)
  const partitions = [...groups.values()].flatMap((group) =>
    partitionsOf(writer, group.specId, group.entries),
  )
  const deleteFiles = entries.length - data.length
  return { manifests, data: totalsOf(data), partitions, deleteFiles }
}

/** One text a partition of a spec, to count those that a snapshot changes. */
function partitionsOf(
  writer: ManifestWriter,
  specId: number,
  entries: readonly ManifestEntry[],
): string[] {
  const fields = writer.partitionFields(specId)
  return entries.map((entry) => `${specId} ${partitionText(fields, entry.file.partition)}`)
}

function totalsOf(entries: readonly ManifestEntry[]): FileTotals {
  return {
    files: entries.length,
    rows: entries.reduce((rows, entry) => rows + entry.file.recordCount, 0),
    bytes: entries.reduce((bytes, entry) => bytes + entry.file.fileBytes, 0),
  }
}

/** Lists of format v1 may leave counts out, which those of v2 must state: count them. */
async function countedManifests(
  context: ReadContext,
  manifests: readonly ManifestFile[],
): Promise<readonly ManifestFile[]> {
  return mapBounded(manifests, readsAtOnce, async (manifest) => {
    const counts = [manifest.addedFiles, manifest.existingFiles, manifest.deletedFiles]
    const rows = [manifest.addedRows, manifest.existingRows, manifest.deletedRows]
    if (![...counts, ...rows].includes(undefined)) return manifest
    const entries = (await readLiveEntries(context, manifest)).map((entry) => entry.file)
    const existingRows = entries.reduce((sum, file) => sum + file.recordCount, 0)
    const none = { addedFiles: 0, addedRows: 0, deletedFiles: 0, deletedRows: 0 }
    return { ...manifest, ...none, existingFiles: entries.length, existingRows }
  })
}

/** Stores the files in any order, since no one reads them yet. */
async function store(
  request: SnapshotRequest,
  files: readonly PendingFile[],
): Promise<readonly string[]> {
  const { warehouse, signal } = request
  const keys = files.map((file) => warehouse.toKey(file.uri))
  const options = { ifNoneMatch: '*' as const, ...(signal === undefined ? {} : { signal }) }
  const outcomes = await mapBounded(files, readsAtOnce, async (file, index) => {
    const [outcome] = await Promise.allSettled([
      warehouse.store.put(keys[index] ?? '', file.body, options),
    ])
    return outcome
  })
  const failed = outcomes.find((outcome) => outcome?.status === 'rejected')
  if (failed === undefined) return keys
  // Names are unique to this call, so nothing else can own what is deleted here.
  await Promise.allSettled(keys.map((key) => warehouse.store.delete(key)))
  throw failed.reason
}
