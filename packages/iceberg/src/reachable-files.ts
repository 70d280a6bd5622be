import type { TableMetadata } from '@hypermesh/contract'
import { type ReadContext, readManifest, readManifestList } from './manifest-reader.ts'

/**
 * Every file that some snapshot of the table names, and the metadata files of its log: manifest
 * lists, manifests, data, delete and statistics files, as URIs. The current metadata file is not among them.
 */
export async function reachableFiles(
  context: ReadContext,
  metadata: TableMetadata,
): Promise<ReadonlySet<string>> {
  const files = new Set((metadata['metadata-log'] ?? []).map((entry) => entry['metadata-file']))
  for (const { 'statistics-path': path } of metadata.statistics ?? []) files.add(path)
  for (const { 'statistics-path': path } of metadata['partition-statistics'] ?? []) files.add(path)
  for (const snapshot of metadata.snapshots ?? []) {
    files.add(snapshot['manifest-list'])
    for (const manifest of await readManifestList(context, snapshot)) {
      if (files.has(manifest.path)) continue
      files.add(manifest.path)
      for (const entry of await readManifest(context, manifest)) files.add(entry.file.path)
    }
  }
  return files
}
