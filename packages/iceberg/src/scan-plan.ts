import { HyperMeshError, type Long, type TableMetadata } from '@hypermesh/contract'
import { mapBounded } from './bounded-map.ts'
import {
  type ReadContext,
  readLiveEntries,
  readManifestList,
  readsAtOnce,
} from './manifest-reader.ts'
import { hasLiveFiles } from './manifest-types.ts'
import type { ScanPredicate } from './scan-predicate.ts'
import { currentSnapshot, findSnapshot } from './table-metadata.ts'

export interface ScanRequest extends ReadContext {
  readonly metadata: TableMetadata
  /** Undefined: the current one. */
  readonly snapshotId: Long | undefined
  readonly predicate: ScanPredicate | undefined
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

export async function planScan(request: ScanRequest): Promise<ScanPlan> {
  const { metadata, snapshotId, warehouse } = request
  const snapshot =
    snapshotId === undefined ? currentSnapshot(metadata) : findSnapshot(metadata, snapshotId)
  if (snapshot === undefined) {
    if (snapshotId === undefined)
      return { files: [], filesPruned: 0, bytesPlanned: 0, bytesPruned: 0 }
    throw new HyperMeshError('not_found', `the table has no snapshot ${snapshotId}`)
  }
  const manifests = (await readManifestList(request, snapshot)).filter(hasLiveFiles)
  const lists = await mapBounded(manifests, readsAtOnce, (manifest) =>
    readLiveEntries(request, manifest),
  )
  const files = lists.flat().map(({ file }) => ({
    uri: file.path,
    localPath: warehouse.localPath(file.path),
    recordCount: file.recordCount,
    fileBytes: file.fileBytes,
  }))
  const bytesPlanned = files.reduce((bytes, file) => bytes + file.fileBytes, 0)
  return { files, filesPruned: 0, bytesPlanned, bytesPruned: 0 }
}
