import { createHash } from 'node:crypto'
import type { FileFormat } from '@hypermesh/contract'

/** Keys of a snapshot's summary that ingest writes, beside the content key of the catalog. */
export const summaryKeys = {
  sha256: 'hypermesh.source-sha256',
  format: 'hypermesh.source-format',
} as const

/** What makes two loads the same: the bytes, and the options that shape what they become. */
export function contentKeyOf(content: {
  readonly sha256: string
  readonly format: FileFormat
  readonly types: Readonly<Record<string, string>>
  /** Bad rows are left out, and so what is loaded is less than the bytes. */
  readonly skipsBad: boolean
}): string {
  const types = Object.entries(content.types).sort(([left], [right]) => (left < right ? -1 : 1))
  const shape = createHash('sha256')
    .update(JSON.stringify([content.format, types, ...(content.skipsBad ? ['skips-bad'] : [])]))
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
