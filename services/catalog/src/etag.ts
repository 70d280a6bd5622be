import { createHash } from 'node:crypto'

export type SnapshotsShown = 'all' | 'refs'

/** The entity tag of a table or view as it is shown: metadata files never change. */
export function etagOf(metadataLocation: string, shown: SnapshotsShown = 'all'): string {
  const hash = createHash('sha256').update(`${shown}\n${metadataLocation}`)
  return `"${hash.digest('base64url').slice(0, 27)}"`
}

/** Whether an If-None-Match header names the tag; weak comparison, as RFC 9110 has it for GET. */
export function matchesEtag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  const tags = header.split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags.includes('*') || tags.includes(etag)
}
