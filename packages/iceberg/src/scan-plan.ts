import {
  HyperMeshError,
  type IcebergSchema,
  type Long,
  type Snapshot,
  type TableMetadata,
} from '@hypermesh/contract'
import { mapBounded } from './bounded-map.ts'
import {
  type ReadContext,
  readLiveEntries,
  readManifestList,
  readsAtOnce,
} from './manifest-reader.ts'
import { type DataFile, hasLiveFiles, type ManifestFile } from './manifest-types.ts'
import { type BoundPartitionField, boundFields, specIdOf } from './partition-spec.ts'
import { type BoundPredicate, bindPredicate, fileMayMatch, manifestMayMatch } from './pruning.ts'
import type { ScanPredicate } from './scan-predicate.ts'
import { currentSchema, schemaById } from './schema.ts'
import { currentSnapshot, findSnapshot } from './table-metadata.ts'

export interface ScanRequest extends ReadContext {
  readonly metadata: TableMetadata
  /** Undefined: the current one, under the current schema. */
  readonly snapshotId: Long | undefined
  /** Column names are those of `scanSchema`. */
  readonly predicate: ScanPredicate | undefined
  /** For messages. */
  readonly table?: string
}

export interface PlannedFile {
  readonly uri: string
  /** Undefined when the store is not a local disk. */
  readonly localPath: string | undefined
  readonly recordCount: number
  readonly fileBytes: number
}

export interface ScanPlan {
  readonly files: readonly PlannedFile[]
  readonly filesPruned: number
  readonly bytesPlanned: number
  readonly bytesPruned: number
}

/** The schema of what a scan yields: an older snapshot is read under the schema it was made with. */
export function scanSchema(metadata: TableMetadata, snapshotId: Long | undefined): IcebergSchema {
  const snapshot = snapshotId === undefined ? undefined : findSnapshot(metadata, snapshotId)
  const schemaId = snapshot?.['schema-id']
  return schemaId === undefined ? currentSchema(metadata) : schemaById(metadata, schemaId)
}

/**
 * The files that may hold rows of the scan. Files are left out only where the manifests prove that
 * no row can match. Throws `unsupported` for tables with delete files or files that are no Parquet.
 */
export async function planScan(request: ScanRequest): Promise<ScanPlan> {
  const snapshot = snapshotOf(request)
  if (snapshot === undefined) return new PlanTally(request).plan()
  const { metadata } = request
  const schema = scanSchema(metadata, request.snapshotId)
  const predicate = bindPredicate(request.predicate, schema)
  const manifests = (await readManifestList(request, snapshot)).filter(hasLiveFiles)
  if (manifests.some((manifest) => manifest.content !== 0)) throw withDeletes(request)
  const fields = new Map(
    metadata['partition-specs'].map((spec) => [
      specIdOf(spec),
      boundFields(metadata, spec, schema),
    ]),
  )
  const totals = statedTotals(snapshot, manifests)
  const parts = await mapBounded(manifests, readsAtOnce, async (manifest) => {
    const partition = fields.get(manifest.specId) ?? []
    const mayMatch = manifestMayMatch(predicate, partition, manifest.partitions)
    // Unless the snapshot states its totals, only the entries tell what is left out.
    if (!mayMatch && totals !== undefined) return { kept: [], pruned: [] }
    return planManifest(request, manifest, mayMatch ? predicate : false, partition)
  })
  const tally = new PlanTally(request)
  for (const part of parts) tally.addPruned(part.pruned)
  for (const { file } of inOrder(parts.flatMap((part) => part.kept))) tally.add(file)
  return tally.plan(totals)
}

interface Totals {
  readonly files: number
  readonly bytes: number
}

/** What the snapshot's summary says it holds, if that agrees with its manifests. */
function statedTotals(
  { summary }: Snapshot,
  manifests: readonly ManifestFile[],
): Totals | undefined {
  const files = Number(summary?.['total-data-files'] ?? Number.NaN)
  const bytes = Number(summary?.['total-files-size'] ?? Number.NaN)
  const counted = manifests.reduce(
    (sum, manifest) =>
      sum + (manifest.addedFiles ?? Number.NaN) + (manifest.existingFiles ?? Number.NaN),
    0,
  )
  return files === counted && Number.isSafeInteger(bytes) ? { files, bytes } : undefined
}

interface KeptFile {
  readonly file: DataFile
  readonly sequenceNumber: Long
}

interface ManifestPart {
  readonly kept: readonly KeptFile[]
  readonly pruned: readonly DataFile[]
}

async function planManifest(
  request: ScanRequest,
  manifest: ManifestFile,
  predicate: BoundPredicate | false,
  fields: readonly BoundPartitionField[],
): Promise<ManifestPart> {
  const entries = await readLiveEntries(request, manifest)
  request.signal?.throwIfAborted()
  const kept: KeptFile[] = []
  const pruned: DataFile[] = []
  for (const { file, sequenceNumber = 0 } of entries) {
    if (file.content !== 0) throw withDeletes(request)
    if (predicate !== false && fileMayMatch(predicate, fields, file)) {
      kept.push({ file, sequenceNumber })
    } else pruned.push(file)
  }
  return { kept, pruned }
}

/** As they were added, so that rows come in the order of their loads where nothing else asks. */
function inOrder(files: readonly KeptFile[]): readonly KeptFile[] {
  return [...files].sort((a, b) => {
    if (a.sequenceNumber === b.sequenceNumber) return 0
    return a.sequenceNumber < b.sequenceNumber ? -1 : 1
  })
}

class PlanTally {
  readonly #request: ScanRequest
  readonly #files: PlannedFile[] = []
  #filesPruned = 0
  #bytesPlanned = 0
  #bytesPruned = 0

  constructor(request: ScanRequest) {
    this.#request = request
  }

  add(file: DataFile): void {
    if (file.format !== 'PARQUET') throw notParquet(this.#request, file)
    this.#files.push({
      uri: file.path,
      localPath: this.#request.warehouse.localPath(file.path),
      recordCount: file.recordCount,
      fileBytes: file.fileBytes,
    })
    this.#bytesPlanned += file.fileBytes
  }

  addPruned(files: readonly DataFile[]): void {
    this.#filesPruned += files.length
    for (const file of files) this.#bytesPruned += file.fileBytes
  }

  plan(totals?: Totals): ScanPlan {
    const files = this.#files
    const bytesPlanned = this.#bytesPlanned
    if (totals === undefined) {
      const [filesPruned, bytesPruned] = [this.#filesPruned, this.#bytesPruned]
      return { files, filesPruned, bytesPlanned, bytesPruned }
    }
    const filesPruned = totals.files - files.length
    return {
      files,
      filesPruned,
      bytesPlanned,
      bytesPruned: Math.max(0, totals.bytes - bytesPlanned),
    }
  }
}

function snapshotOf({ metadata, snapshotId }: ScanRequest): Snapshot | undefined {
  if (snapshotId === undefined) return currentSnapshot(metadata)
  const snapshot = findSnapshot(metadata, snapshotId)
  if (snapshot !== undefined) return snapshot
  throw new HyperMeshError('not_found', `the table has no snapshot ${snapshotId}`)
}

const nameOf = (request: ScanRequest) => request.table ?? request.metadata.location

function withDeletes(request: ScanRequest): HyperMeshError {
  return new HyperMeshError(
    'unsupported',
    `table ${nameOf(request)} has delete files, which cannot be applied yet; compact it with the engine that wrote them`,
  )
}

function notParquet(request: ScanRequest, file: DataFile): HyperMeshError {
  return new HyperMeshError(
    'unsupported',
    `table ${nameOf(request)} has ${file.format} files; only parquet can be read`,
  )
}
