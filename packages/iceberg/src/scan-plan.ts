import {
  HyperMeshError,
  type IcebergSchema,
  type Long,
  type Snapshot,
  type TableMetadata,
} from '@hypermesh/contract'
import { mapBounded } from './bounded-map.ts'
import { DeleteIndex, type ScannedFile } from './delete-index.ts'
import {
  type ReadContext,
  readLiveEntries,
  readManifest,
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
import { type BoundPartitionField, boundFields, specIdOf } from './partition-spec.ts'
import { type BoundPredicate, bindPredicate, fileTests, manifestMayMatch } from './pruning.ts'
import type { ScanPredicate } from './scan-predicate.ts'
import { currentSchema, schemaById } from './schema.ts'
import { currentSnapshot, findSnapshot } from './table-metadata.ts'

export interface ScanRequest extends ReadContext {
  readonly metadata: TableMetadata
  /** Undefined: the current one, under the current schema. */
  readonly snapshotId: Long | undefined
  /** Column names are those of `scanSchema`. */
  readonly predicate: ScanPredicate | undefined
  /** Only files that came with these snapshots; see `appendsSince`. */
  readonly addedBy?: ReadonlySet<Long> | undefined
  /** For messages. */
  readonly table?: string
}

export interface StoredFile {
  readonly uri: string
  /** Undefined when the store is not a local disk. */
  readonly localPath: string | undefined
  readonly recordCount: number
  readonly fileBytes: number
  /** The schema of the snapshot that added the file, where the table still knows it. */
  readonly schemaId: number | undefined
}

export interface EqualityDeleteFile extends StoredFile {
  /** Field ids of the columns whose equal values delete a row. */
  readonly equalityIds: readonly number[]
}

export interface PlannedFile extends StoredFile {
  /** Delete files that may name rows of this file by position. */
  readonly positionDeletes: readonly StoredFile[]
  readonly equalityDeletes: readonly EqualityDeleteFile[]
}

/** How many files are left at a stage of planning. */
export interface ScanCount {
  readonly files: number
  readonly bytes: number
  readonly rows: number
}

export interface ScanPlan {
  readonly files: readonly PlannedFile[]
  readonly total: ScanCount
  /** What partition values leave. */
  readonly afterPartitions: ScanCount
  /** What column bounds leave of that: the files above. */
  readonly planned: ScanCount
  /** Delete files that apply to the planned files; rows are entries in them. */
  readonly deletes: ScanCount
}

/** The schema of what a scan yields: an older snapshot is read under the schema it was made with. */
export function scanSchema(metadata: TableMetadata, snapshotId: Long | undefined): IcebergSchema {
  const snapshot = snapshotId === undefined ? undefined : findSnapshot(metadata, snapshotId)
  const schemaId = snapshot?.['schema-id']
  return schemaId === undefined ? currentSchema(metadata) : schemaById(metadata, schemaId)
}

/**
 * The files that may hold rows of the scan, each with the delete files that apply to it. Files are
 * left out only where the manifests prove that no row can match. Throws `unsupported` for files that
 * are no Parquet, deletion vectors among them.
 */
export async function planScan(request: ScanRequest): Promise<ScanPlan> {
  const snapshot = snapshotOf(request)
  if (snapshot === undefined) return emptyPlan
  const { metadata } = request
  const schema = scanSchema(metadata, request.snapshotId)
  const predicate = bindPredicate(request.predicate, schema)
  // A manifest is no older than any file that it names.
  const manifests = (await readManifestList(request, snapshot))
    .filter(hasLiveFiles)
    .filter((each) => each.content !== 0 || request.addedBy?.has(each.addedSnapshotId) !== false)
  const fields = new Map(
    metadata['partition-specs'].map((spec) => [
      specIdOf(spec),
      boundFields(metadata, spec, schema),
    ]),
  )
  const data = manifests.filter((manifest) => manifest.content === 0)
  const deletes = manifests.filter((manifest) => manifest.content !== 0)
  const stated = request.addedBy === undefined ? statedTotals(snapshot, data) : undefined
  const parts = await planManifests(request, data, (manifest) => {
    const partition = fields.get(manifest.specId) ?? []
    const mayMatch = manifestMayMatch(predicate, partition, manifest.partitions)
    // Unless the snapshot states its totals, only the entries tell what is left out.
    if (!mayMatch && stated !== undefined) return undefined
    return { predicate: mayMatch && predicate, partition, specId: manifest.specId }
  })
  const kept = inOrder(parts.flatMap((part) => part.kept))
  const index = kept.length === 0 ? undefined : await readDeletes(request, deletes, fields)
  return {
    ...toPlannedFiles(request, kept, index),
    total: stated ?? sumCounts(parts.map((part) => part.total)),
    afterPartitions: sumCounts(parts.map((part) => part.afterPartitions)),
  }
}

const noFiles: ScanCount = { files: 0, bytes: 0, rows: 0 }
const emptyPlan: ScanPlan = {
  files: [],
  total: noFiles,
  afterPartitions: noFiles,
  planned: noFiles,
  deletes: noFiles,
}

/** What the snapshot's summary says it holds, if that agrees with its manifests. */
function statedTotals(
  { summary }: Snapshot,
  manifests: readonly ManifestFile[],
): ScanCount | undefined {
  const stated = (key: string) => Number(summary?.[key] ?? Number.NaN)
  const files = stated('total-data-files')
  const bytes = stated('total-files-size')
  const rows = stated('total-records')
  const counted = manifests.reduce(
    (sum, manifest) =>
      sum + (manifest.addedFiles ?? Number.NaN) + (manifest.existingFiles ?? Number.NaN),
    0,
  )
  const known = files === counted && Number.isSafeInteger(bytes) && Number.isSafeInteger(rows)
  return known ? { files, bytes, rows } : undefined
}

interface ManifestPart {
  readonly kept: readonly ScannedFile[]
  readonly total: ScanCount
  readonly afterPartitions: ScanCount
}

const nothing: ManifestPart = { kept: [], total: noFiles, afterPartitions: noFiles }

/** What the files of a manifest are asked. */
interface ManifestTest {
  /** False: none of them is needed, they are only counted. */
  readonly predicate: BoundPredicate | false
  readonly partition: readonly BoundPartitionField[]
  readonly specId: number
}

/** Manifests that are known are looked through at once: a promise for each would cost more than that. */
async function planManifests(
  request: ScanRequest,
  manifests: readonly ManifestFile[],
  testOf: (manifest: ManifestFile) => ManifestTest | undefined,
): Promise<readonly ManifestPart[]> {
  const unread: { readonly index: number; readonly test: ManifestTest }[] = []
  const parts = manifests.map((manifest, index) => {
    const test = testOf(manifest)
    if (test === undefined) return nothing
    const entries = request.cache?.manifest(manifest.path)
    if (entries !== undefined) return planEntries(request, entries, test)
    unread.push({ index, test })
    return nothing
  })
  await mapBounded(unread, readsAtOnce, async ({ index, test }) => {
    const entries = await readManifest(request, manifests[index] as ManifestFile)
    request.signal?.throwIfAborted()
    parts[index] = planEntries(request, entries, test)
  })
  return parts
}

function planEntries(
  request: ScanRequest,
  entries: readonly ManifestEntry[],
  { predicate, partition, specId }: ManifestTest,
): ManifestPart {
  const tests = predicate === false ? undefined : fileTests(predicate, partition)
  const kept: ScannedFile[] = []
  const total = { files: 0, bytes: 0, rows: 0 }
  const afterPartitions = { files: 0, bytes: 0, rows: 0 }
  for (const { status, file, sequenceNumber = 0, snapshotId } of entries) {
    if (status === entryStatus.deleted || request.addedBy?.has(snapshotId) === false) continue
    if (file.content !== 0) throw unknownContent(request, file)
    count(total, file)
    if (tests === undefined || !tests.byPartition(file)) continue
    count(afterPartitions, file)
    if (!tests.byStatistics(file)) continue
    kept.push({ file, sequenceNumber, snapshotId, specId })
  }
  return { kept, total, afterPartitions }
}

function count(counted: { files: number; bytes: number; rows: number }, file: DataFile): void {
  counted.files += 1
  counted.bytes += file.fileBytes
  counted.rows += file.recordCount
}

async function readDeletes(
  request: ScanRequest,
  manifests: readonly ManifestFile[],
  fields: ReadonlyMap<number, readonly BoundPartitionField[]>,
): Promise<DeleteIndex | undefined> {
  if (manifests.length === 0) return undefined
  const parts = await mapBounded(manifests, readsAtOnce, async (manifest) => {
    const entries = await readLiveEntries(request, manifest)
    return entries.map(({ file, sequenceNumber = 0, snapshotId }) => {
      if (file.content !== 1 && file.content !== 2) throw unknownContent(request, file)
      if (file.content === 2 && !file.equalityIds?.length) throw withoutIds(request, file)
      return { file, sequenceNumber, snapshotId, specId: manifest.specId }
    })
  })
  return new DeleteIndex(parts.flat(), fields, (path) => request.warehouse.keyOrUri(path))
}

/** As they were added, so that rows come in the order of their loads where nothing else asks. */
function inOrder(files: readonly ScannedFile[]): readonly ScannedFile[] {
  return [...files].sort((a, b) => {
    if (a.sequenceNumber === b.sequenceNumber) return 0
    return a.sequenceNumber < b.sequenceNumber ? -1 : 1
  })
}

function toPlannedFiles(
  request: ScanRequest,
  kept: readonly ScannedFile[],
  index: DeleteIndex | undefined,
): Pick<ScanPlan, 'files' | 'planned' | 'deletes'> {
  const applied = new Map<string, DataFile>()
  const toStored = ({ file, snapshotId }: ScannedFile): StoredFile => {
    if (file.format !== 'PARQUET') throw notParquet(request, file)
    return {
      uri: file.path,
      localPath: request.warehouse.localPath(file.path),
      recordCount: file.recordCount,
      fileBytes: file.fileBytes,
      schemaId: schemaIdsOf(request.metadata).get(snapshotId),
    }
  }
  const toDelete = (each: ScannedFile): EqualityDeleteFile => {
    applied.set(each.file.path, each.file)
    return { ...toStored(each), equalityIds: each.file.equalityIds ?? [] }
  }
  const files = kept.map((each): PlannedFile => {
    const { positions, equalities } = index?.applicableTo(each) ?? none
    return {
      ...toStored(each),
      positionDeletes: positions.map(toDelete),
      equalityDeletes: equalities.map(toDelete),
    }
  })
  return {
    files,
    planned: countOf(kept.map(({ file }) => file)),
    deletes: countOf([...applied.values()]),
  }
}

const none = { positions: [], equalities: [] }

const schemaIdsKnown = new WeakMap<TableMetadata, ReadonlyMap<Long, number | undefined>>()

/** The schema of each snapshot, found once for metadata that many statements use. */
function schemaIdsOf(metadata: TableMetadata): ReadonlyMap<Long, number | undefined> {
  const known = schemaIdsKnown.get(metadata)
  if (known !== undefined) return known
  const found = new Map(metadata.snapshots?.map((each) => [each['snapshot-id'], each['schema-id']]))
  schemaIdsKnown.set(metadata, found)
  return found
}

function countOf(files: readonly DataFile[]): ScanCount {
  return {
    files: files.length,
    bytes: files.reduce((sum, file) => sum + file.fileBytes, 0),
    rows: files.reduce((sum, file) => sum + file.recordCount, 0),
  }
}

function sumCounts(counts: readonly ScanCount[]): ScanCount {
  return counts.reduce(
    (sum, count) => ({
      files: sum.files + count.files,
      bytes: sum.bytes + count.bytes,
      rows: sum.rows + count.rows,
    }),
    noFiles,
  )
}

function snapshotOf({ metadata, snapshotId }: ScanRequest): Snapshot | undefined {
  if (snapshotId === undefined) return currentSnapshot(metadata)
  const snapshot = findSnapshot(metadata, snapshotId)
  if (snapshot !== undefined) return snapshot
  throw new HyperMeshError('not_found', `the table has no snapshot ${snapshotId}`)
}

const nameOf = (request: ScanRequest) => request.table ?? request.metadata.location

function notParquet(request: ScanRequest, file: DataFile): HyperMeshError {
  const what = file.content === 0 ? 'files' : 'delete files'
  return new HyperMeshError(
    'unsupported',
    `table ${nameOf(request)} has ${file.format.toLowerCase()} ${what}; only parquet can be read`,
  )
}

function unknownContent(request: ScanRequest, file: DataFile): HyperMeshError {
  return new HyperMeshError(
    'unsupported',
    `table ${nameOf(request)} has a file of content ${file.content}, which is not known here`,
  )
}

function withoutIds(request: ScanRequest, file: DataFile): HyperMeshError {
  return new HyperMeshError('corrupt', `${file.path} of ${nameOf(request)} has no equality ids`)
}
