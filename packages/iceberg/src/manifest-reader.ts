import { HyperMeshError, type Snapshot } from '@hypermesh/contract'
import { decodeManifest } from './manifest.ts'
import type { ManifestCache } from './manifest-cache.ts'
import { decodeManifestList } from './manifest-list.ts'
import { entryStatus, type ManifestEntry, type ManifestFile } from './manifest-types.ts'
import type { Warehouse } from './warehouse.ts'

/** Manifests read at once: enough to hide a store's latency, few enough to bound memory. */
export const readsAtOnce = 8
const manifestBytesMax = 1024 * 1024 * 1024

export interface ReadContext {
  readonly warehouse: Warehouse
  readonly cache?: ManifestCache | undefined
  readonly signal?: AbortSignal | undefined
}

export async function readManifestList(
  context: ReadContext,
  snapshot: Snapshot,
): Promise<readonly ManifestFile[]> {
  const path = snapshot['manifest-list']
  const cached = context.cache?.list(path)
  if (cached !== undefined) return cached
  return inFile(path, async () => {
    const { manifests, rawBytes } = decodeManifestList(await readBytes(context, path))
    context.cache?.addList(path, manifests, rawBytes)
    return manifests
  })
}

export async function readManifest(
  context: ReadContext,
  manifest: ManifestFile,
): Promise<readonly ManifestEntry[]> {
  const { path } = manifest
  const cached = context.cache?.manifest(path)
  if (cached !== undefined) return cached
  return inFile(path, async () => {
    const bytes = await readBytes(context, path)
    // Cut between two blocks, an avro file is a shorter but whole one.
    if (bytes.length < manifest.bytes) {
      throw new HyperMeshError('corrupt', `it has ${bytes.length} of ${manifest.bytes} bytes`)
    }
    const { entries, rawBytes } = decodeManifest(bytes, manifest)
    context.cache?.addManifest(path, entries, rawBytes)
    return entries
  })
}

/** The files that the manifest holds for readers. */
export async function readLiveEntries(
  context: ReadContext,
  manifest: ManifestFile,
): Promise<readonly ManifestEntry[]> {
  const entries = await readManifest(context, manifest)
  return entries.filter((entry) => entry.status !== entryStatus.deleted)
}

async function readBytes(context: ReadContext, uri: string): Promise<Uint8Array> {
  const { warehouse, signal } = context
  signal?.throwIfAborted()
  return warehouse.store.read(warehouse.toKey(uri), {
    bytesMax: manifestBytesMax,
    ...(signal === undefined ? {} : { signal }),
  })
}

async function inFile<Result>(uri: string, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read()
  } catch (cause) {
    if (!(cause instanceof HyperMeshError)) throw cause
    if (cause.code === 'not_found') {
      throw new HyperMeshError('corrupt', `${uri} is missing, but the table names it`, { cause })
    }
    if (cause.code !== 'corrupt') throw cause
    throw new HyperMeshError('corrupt', `${uri}: ${cause.message}`, { cause })
  }
}
