import type { TableMetadata } from '@hypermesh/contract'
import { mapBounded } from './bounded-map.ts'
import { type ReadContext, readLiveEntries, readsAtOnce } from './manifest-reader.ts'
import { entryStatus, type ManifestFile } from './manifest-types.ts'
import type { ManifestWriter } from './manifest-writer.ts'

const targetBytesDefault = 8 * 1024 * 1024
const minCountDefault = 100

/**
 * Joins small data manifests once there are many (`commit.manifest.min-count-to-merge`, counting
 * the one that is about to be added), so that planning stays fast. Files keep the sequence numbers
 * and the snapshot under which they were added.
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
  const isSmall = (manifest: ManifestFile) => manifest.content === 0 && manifest.bytes < targetBytes
  const small = manifests.filter(isSmall)
  if (small.length + 1 < minCount) return manifests
  const bins = packBins(small, targetBytes)
  const merged: ManifestFile[] = []
  for (const bin of bins) {
    const [first] = bin
    if (first === undefined || bin.length === 1) merged.push(...bin)
    else merged.push(...(await mergeBin(context, writer, bin, first.specId)))
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

/** In the order of the list, one bin after the other, each of one spec. */
function packBins(manifests: readonly ManifestFile[], targetBytes: number): ManifestFile[][] {
  const open = new Map<number, { bytes: number; bin: ManifestFile[] }>()
  const bins: ManifestFile[][] = []
  for (const manifest of manifests) {
    const current = open.get(manifest.specId)
    if (current !== undefined && current.bytes + manifest.bytes <= targetBytes) {
      current.bin.push(manifest)
      current.bytes += manifest.bytes
      continue
    }
    const bin = [manifest]
    bins.push(bin)
    open.set(manifest.specId, { bytes: manifest.bytes, bin })
  }
  return bins
}

function positive(text: string | undefined, fallback: number): number {
  return text !== undefined && /^[1-9]\d{0,14}$/.test(text) ? Number(text) : fallback
}
