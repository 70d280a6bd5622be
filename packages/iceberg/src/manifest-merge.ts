import type { TableMetadata } from '@hypermesh/contract'
import { mapBounded } from './bounded-map.ts'
import { type ReadContext, readLiveEntries, readsAtOnce } from './manifest-reader.ts'
import { entryStatus, type ManifestFile } from './manifest-types.ts'
import { entriesMax, type ManifestWriter } from './manifest-writer.ts'

const targetBytesDefault = 8 * 1024 * 1024
const minCountDefault = 100

/**
 * Joins small data manifests once there are many (`commit.manifest.min-count-to-merge`, counting
 * the one that is about to be added), so that planning stays fast. Files keep the sequence numbers
 * and the snapshot under which they were added. Each bin becomes one manifest of at most
 * `commit.manifest.target-size-bytes`; a full one is left alone from then on, so that an append
 * rewrites a bounded part of a table, however large it is.
 */
export async function mergeManifests(
  context: ReadContext & { readonly metadata: TableMetadata },
  writer: ManifestWriter,
  manifests: readonly ManifestFile[],
): Promise<readonly ManifestFile[]> {
  const properties = context.metadata.properties ?? {}
  if (properties['commit.manifest-merge.enabled'] === 'false') return manifests
  const targetBytes = positive(properties['commit.manifest.target-size-bytes'], targetBytesDefault)
  const minCount = positive(properties['commit.manifest.min-count-to-merge'], minCountDefault)
  const isSmall = (manifest: ManifestFile) =>
    manifest.content === 0 && manifest.bytes < targetBytes && liveFiles(manifest) < entriesMax
  const small = manifests.filter(isSmall)
  if (small.length + 1 < minCount) return manifests
  const merged: ManifestFile[] = []
  for (const { bin, specId, isOpen } of packBins(small, targetBytes)) {
    // The bin that appends add to waits for its number, or each would rewrite what the last one did.
    const isGrowing = isOpen && specId === context.metadata['default-spec-id']
    if (bin.length < Math.max(2, isGrowing ? minCount - 1 : 2)) merged.push(...bin)
    else merged.push(...(await mergeBin(context, writer, bin, specId)))
  }
  return [...merged, ...manifests.filter((manifest) => !isSmall(manifest))]
}

async function mergeBin(
  context: ReadContext,
  writer: ManifestWriter,
  bin: readonly ManifestFile[],
  specId: number,
): Promise<readonly ManifestFile[]> {
  const lists = await mapBounded(bin, readsAtOnce, (manifest) => readLiveEntries(context, manifest))
  const entries = lists.flat().map((entry) => ({ ...entry, status: entryStatus.existing }))
  return writer.add(entries, specId, 0)
}

interface Bin {
  readonly specId: number
  /** In the order of the list: the newest first. */
  readonly bin: ManifestFile[]
  /** The newest of its spec, with room left. */
  isOpen: boolean
}

/** Filled from the oldest on, so that a bin once full stays as it is whatever is appended. */
function packBins(manifests: readonly ManifestFile[], targetBytes: number): Bin[] {
  const open = new Map<number, { bytes: number; files: number; into: Bin }>()
  const bins: Bin[] = []
  for (const manifest of [...manifests].reverse()) {
    const { bytes, specId } = manifest
    const files = liveFiles(manifest)
    const current = open.get(specId)
    if (
      current !== undefined &&
      current.bytes + bytes <= targetBytes &&
      current.files + files <= entriesMax
    ) {
      current.into.bin.unshift(manifest)
      current.bytes += bytes
      current.files += files
      continue
    }
    if (current !== undefined) current.into.isOpen = false
    const into = { specId, bin: [manifest], isOpen: true }
    bins.unshift(into)
    open.set(specId, { bytes, files, into })
  }
  return bins
}

/** What a reader of the manifest decodes to keep. */
function liveFiles(manifest: ManifestFile): number {
  return (manifest.addedFiles ?? 0) + (manifest.existingFiles ?? 0)
}

function positive(text: string | undefined, fallback: number): number {
  return text !== undefined && /^[1-9]\d{0,14}$/.test(text) ? Number(text) : fallback
}
