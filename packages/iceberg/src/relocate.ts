import { HyperMeshError, type TableMetadata } from '@hypermesh/contract'
import { encodeManifest } from './manifest.ts'
import { encodeManifestList } from './manifest-list.ts'
import { type ReadContext, readManifest, readManifestList } from './manifest-reader.ts'
import {
  type DataFile,
  entryStatus,
  type ManifestEntry,
  type ManifestFile,
} from './manifest-types.ts'
import { boundFields, specById } from './partition-spec.ts'
import { currentSchema } from './schema.ts'
import type { Warehouse } from './warehouse.ts'

export interface RelocationRequest extends ReadContext {
  /** The same store under the URI that is to stand in the files. */
  readonly target: Warehouse
  readonly metadata: TableMetadata
  /** Part of the name of every file that is written. */
  readonly token: string
  readonly nowMs: number
  readonly put: (uri: string, body: Uint8Array) => Promise<void>
}

export interface RelocatedTable {
  readonly metadata: TableMetadata
  /** Of files that the table holds now or in a snapshot that it keeps, as the new metadata names them. */
  readonly dataFiles: ReadonlySet<string>
  readonly manifests: number
  readonly manifestLists: number
}

/**
 * Writes the manifests and manifest lists of a table anew with every URI moved to the target, and
 * returns the metadata that names them. What each manifest and file is stays: snapshots, sequence
 * numbers, statistics. Throws `unsupported` where a path stands inside of a file of rows.
 */
export async function relocateTable(request: RelocationRequest): Promise<RelocatedTable> {
  const { metadata, token, put, signal } = request
  const move = mover(request)
  const directory = `${move(metadata.location)}/metadata`
  const moved = new Map<string, ManifestFile>()
  const dataFiles = new Set<string>()
  const snapshots = []
  for (const snapshot of metadata.snapshots ?? []) {
    signal?.throwIfAborted()
    const manifests: ManifestFile[] = []
    for (const manifest of await readManifestList(request, snapshot)) {
      const known = moved.get(manifest.path)
      const next = known ?? (await moveManifest(request, manifest, { at: moved.size, dataFiles }))
      moved.set(manifest.path, next)
      manifests.push(next)
    }
    const id = snapshot['snapshot-id']
    const uri = `${directory}/snap-${id}-1-${token}.avro`
    const header = {
      snapshotId: id,
      parentId: snapshot['parent-snapshot-id'],
      sequenceNumber: snapshot['sequence-number'] ?? 0,
    }
    await put(uri, encodeManifestList(header, manifests))
    snapshots.push({ ...snapshot, 'manifest-list': uri })
  }
  return {
    metadata: movedMetadata(request, { ...metadata, snapshots }),
    dataFiles,
    manifests: moved.size,
    manifestLists: snapshots.length,
  }
}

/** The same place under the target's URI; `invalid` for what lies outside of the warehouse. */
function mover({ warehouse, target }: RelocationRequest): (uri: string) => string {
  return (uri) => target.toUri(warehouse.toKey(uri))
}

async function moveManifest(
  request: RelocationRequest,
  manifest: ManifestFile,
  into: { readonly at: number; readonly dataFiles: Set<string> },
): Promise<ManifestFile> {
  const { metadata, token, put } = request
  const move = mover(request)
  const spec = specById(metadata, manifest.specId)
  const partition = boundFields(metadata, spec)
  const unknown = partition.find(({ result, transform }) => !result && transform !== 'void')
  if (unknown !== undefined) {
    throw new HyperMeshError('unsupported', `the transform ${unknown.transform} is not known here`)
  }
  const entries: ManifestEntry[] = []
  for (const entry of await readManifest(request, manifest)) {
    const file = moveFile(entry, move)
    if (entry.status !== entryStatus.deleted) into.dataFiles.add(file.path)
    entries.push({ ...entry, file })
  }
  const schema = currentSchema(metadata)
  const body = encodeManifest({ schema, spec, partition, content: manifest.content }, entries)
  const path = `${move(metadata.location)}/metadata/${token}-m${into.at}.avro`
  await put(path, body)
  return { ...manifest, path, bytes: body.length }
}

function moveFile({ status, file }: ManifestEntry, move: (uri: string) => string): DataFile {
  if (file.content === 1 && status !== entryStatus.deleted) {
    throw new HyperMeshError(
      'unsupported',
      'it has position deletes, whose rows hold paths of files; compact the table first',
    )
  }
  const { path, referencedFile } = file
  return {
    ...file,
    path: move(path),
    referencedFile: referencedFile === null ? null : move(referencedFile),
  }
}

/** Older metadata files hold the old URIs, so the log of them begins anew. */
function movedMetadata(request: RelocationRequest, metadata: TableMetadata): TableMetadata {
  const move = mover(request)
  const { warehouse } = request
  const moveKnown = (text: string) => (warehouse.keyOrUri(text) === text ? text : move(text))
  const atMoved = <File extends { 'statistics-path': string }>(file: File): File => ({
    ...file,
    'statistics-path': move(file['statistics-path']),
  })
  const { statistics, 'partition-statistics': partitions, properties } = metadata
  return {
    ...metadata,
    location: move(metadata.location),
    'last-updated-ms': Math.max(request.nowMs, metadata['last-updated-ms']),
    'metadata-log': [],
    properties: Object.fromEntries(
      Object.entries(properties ?? {}).map(([name, value]) => [name, moveKnown(value)]),
    ),
    ...(statistics === undefined ? {} : { statistics: statistics.map(atMoved) }),
    ...(partitions === undefined ? {} : { 'partition-statistics': partitions.map(atMoved) }),
  }
}
