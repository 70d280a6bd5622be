import { createHash } from 'node:crypto'
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
import { positionDeleteFields } from './position-delete-scan.ts'
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
  /** Makes a file of position deletes anew, whose rows hold the names of data files. */
  readonly rewritePositions: (rewrite: PositionRewrite) => Promise<RewrittenPositions>
}

export interface PositionRewrite {
  readonly from: string
  readonly to: string
  /** What stands in a row for what stood there; the name of a file outside stays. */
  readonly move: (name: string) => string
}

export interface RewrittenPositions {
  readonly fileBytes: number
  readonly rows: number
  /** The first and the last in the order of their bytes. */
  readonly names: readonly [string, string]
}

export interface RelocatedTable {
  readonly metadata: TableMetadata
  /** Of files that the table holds now or in a snapshot that it keeps, at their new URIs. */
  readonly dataFiles: ReadonlySet<string>
  readonly manifests: number
  readonly manifestLists: number
  /** Written anew, too. */
  readonly positionDeleteFiles: number
  /** Files that stand elsewhere in the warehouse than before, from their old URIs to their new ones. */
  readonly renamed: ReadonlyMap<string, string>
}

/**
 * Writes the manifests and manifest lists of a table anew with every URI moved to the target, and
 * returns the metadata that names them. What each manifest and file is stays: snapshots, sequence
 * numbers, statistics. Files of position deletes hold URIs as values, so they are written anew too.
 */
export async function relocateTable(request: RelocationRequest): Promise<RelocatedTable> {
  const { metadata, token, put, signal } = request
  const move = mover(request)
  const directory = `${move(metadata.location)}/metadata`
  const moved = new Map<string, ManifestFile>()
  const dataFiles = new Set<string>()
  const positions = new Map<string, DataFile>()
  const renamed = new Map<string, string>()
  const into = { dataFiles, positions, renamed }
  const snapshots = []
  for (const snapshot of metadata.snapshots ?? []) {
    signal?.throwIfAborted()
    const manifests: ManifestFile[] = []
    for (const manifest of await readManifestList(request, snapshot)) {
      const known = moved.get(manifest.path)
      const next = known ?? (await moveManifest(request, manifest, { ...into, at: moved.size }))
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
    positionDeleteFiles: positions.size,
    renamed,
  }
}

/** Told by its name alone, so that all manifests agree, those too that name it as a file that is gone. */
function positionsTarget(
  { metadata, target, warehouse, token }: RelocationRequest,
  path: string,
): string {
  const location = target.toUri(warehouse.toKey(metadata.location))
  const name = createHash('sha256').update(path).digest('hex').slice(0, 32)
  return `${location}/data/${token}-${name}-deletes.parquet`
}

/** What was found on the way. */
interface Moved {
  readonly dataFiles: Set<string>
  /** Of deletes, by the names that they had. */
  readonly positions: Map<string, DataFile>
  readonly renamed: Map<string, string>
}

/** The same place under the target's URI; `invalid` for what lies outside of the warehouse. */
function mover({ warehouse, target }: RelocationRequest): (uri: string) => string {
  return (uri) => target.toUri(warehouse.toKey(uri))
}

/** The same, which leaves alone what is no place in the warehouse. */
function moverOfNames(request: RelocationRequest): (text: string) => string {
  const move = mover(request)
  return (text) => (request.warehouse.keyOrUri(text) === text ? text : move(text))
}

async function moveManifest(
  request: RelocationRequest,
  manifest: ManifestFile,
  into: Moved & { readonly at: number },
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
    if (entry.status !== entryStatus.deleted) into.dataFiles.add(move(entry.file.path))
    entries.push({ ...entry, file: await moveFile(request, entry, into) })
  }
  const schema = currentSchema(metadata)
  const body = encodeManifest({ schema, spec, partition, content: manifest.content }, entries)
  const path = `${move(metadata.location)}/metadata/${token}-m${into.at}.avro`
  await put(path, body)
  return { ...manifest, path, bytes: body.length }
}

async function moveFile(
  request: RelocationRequest,
  { status, file }: ManifestEntry,
  { positions, renamed }: Pick<Moved, 'positions' | 'renamed'>,
): Promise<DataFile> {
  const move = mover(request)
  const { path, referencedFile } = file
  const moved = { ...file, referencedFile: referencedFile === null ? null : move(referencedFile) }
  if (file.content !== 1) return { ...moved, path: move(path) }
  const known = positions.get(path)
  if (known !== undefined) return known
  const to = positionsTarget(request, path)
  renamed.set(path, to)
  if (status === entryStatus.deleted) return { ...moved, path: to }
  const next = await rewritePositions(request, moved, to)
  positions.set(path, next)
  return next
}

async function rewritePositions(
  request: RelocationRequest,
  file: DataFile,
  to: string,
): Promise<DataFile> {
  if (file.format !== 'PARQUET') {
    const what = `position deletes of format ${file.format.toLowerCase()}`
    throw new HyperMeshError('unsupported', `it has ${what}, whose rows hold paths of files`)
  }
  const move = moverOfNames(request)
  const { fileBytes, rows, names } = await request.rewritePositions({ from: file.path, to, move })
  if (rows !== file.recordCount) {
    const message = `${file.path} has ${rows} rows where its manifest says ${file.recordCount}`
    throw new HyperMeshError('corrupt', message)
  }
  const { path, position } = positionDeleteFields
  const ofPosition = <Value>(map: ReadonlyMap<number, Value>): [number, Value][] => {
    const value = map.get(position.id)
    return value === undefined ? [] : [[position.id, value]]
  }
  const [first, last] = names.map((name) => Buffer.from(name))
  const bound = (bytes: Buffer | undefined): [number, Uint8Array][] =>
    bytes === undefined ? [] : [[path.id, bytes]]
  return {
    ...file,
    path: to,
    fileBytes,
    columnBytes: new Map(),
    valueCounts: new Map([path, position].map(({ id }) => [id, rows])),
    nullCounts: new Map([path, position].map(({ id }) => [id, 0])),
    nanCounts: new Map(),
    lowerBounds: new Map([...bound(first), ...ofPosition(file.lowerBounds)]),
    upperBounds: new Map([...bound(last), ...ofPosition(file.upperBounds)]),
    splitOffsets: null,
  }
}

/** Older metadata files hold the old URIs, so the log of them begins anew. */
function movedMetadata(request: RelocationRequest, metadata: TableMetadata): TableMetadata {
  const move = mover(request)
  const moveKnown = moverOfNames(request)
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
