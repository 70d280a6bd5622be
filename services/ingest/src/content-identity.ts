import { createHash } from 'node:crypto'
import type { FileFormat, IngestMode, Snapshot, TableMetadata } from '@hypermesh/contract'

/** Keys of a snapshot's summary that ingest writes, beside the content key of the catalog. */
export const summaryKeys = {
  contentKey: 'hypermesh.content-key',
  sha256: 'hypermesh.source-sha256',
  format: 'hypermesh.source-format',
} as const

/** What makes two loads the same: the bytes, and the options that shape what they become. */
export function contentKeyOf(content: {
  readonly sha256: string
  readonly format: FileFormat
  readonly types: Readonly<Record<string, string>>
}): string {
  const types = Object.entries(content.types).sort(([left], [right]) => (left < right ? -1 : 1))
  const shape = createHash('sha256')
    .update(JSON.stringify([content.format, types]))
    .digest('hex')
  return `sha256:${content.sha256}:${shape.slice(0, 16)}`
}

/**
 * The commit id of a request with an idempotency key: the same for the same caller, table and key.
 * `turn` counts the ids that an earlier, failed request of this key has used up.
 */
export function commitIdOf(
  request: { readonly keyId: string; readonly table: string; readonly idempotencyKey: string },
  turn: number,
): string {
  const text = JSON.stringify([request.keyId, request.table, request.idempotencyKey, turn])
  const hex = createHash('sha256').update(text).digest('hex')
  // Version 8: bits of the writer's own making (RFC 9562).
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}

/**
 * The snapshot that holds this content, if a load would change nothing. Only an early look that
 * saves work: the catalog decides again at the commit.
 */
export function findLoaded(
  metadata: TableMetadata,
  mode: IngestMode,
  contentKey: string,
): Snapshot | undefined {
  const byId = new Map(metadata.snapshots?.map((entry) => [entry['snapshot-id'], entry]))
  const lineage: Snapshot[] = []
  let current = byId.get(metadata['current-snapshot-id'] ?? -1)
  while (current !== undefined && lineage.length < byId.size) {
    const operation = current.summary?.operation
    if (operation !== 'replace') lineage.push(current)
    if (operation === 'overwrite' || operation === 'delete') break
    const parent: Snapshot['parent-snapshot-id'] = current['parent-snapshot-id']
    current = parent === undefined ? undefined : byId.get(parent)
  }
  const holds = (snapshot: Snapshot) => snapshot.summary?.[summaryKeys.contentKey] === contentKey
  if (mode === 'append') return lineage.find(holds)
  const [only] = lineage
  return lineage.length === 1 && only && holds(only) ? only : undefined
}
