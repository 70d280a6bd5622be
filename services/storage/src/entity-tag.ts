import { HyperMeshError } from '@hypermesh/contract'

export function formatEntityTag(etag: string): string {
  return `"${etag}"`
}

/** Whether a list as in If-None-Match or If-Match names this etag; `*` names every one. */
export function namesEntityTag(header: string, etag: string): boolean {
  if (header.trim() === '*') return true
  return header.split(',').some((part) => part.trim().replace(/^W\//, '') === formatEntityTag(etag))
}

/**
 * What If-None-Match asks of a write: `*` creates only. Other conditions on a write cannot be kept
 * between processes, and one that is ignored would lose data, so they are refused.
 */
export function parseWriteConditions(
  ifNoneMatch: string | undefined,
  ifMatch: string | undefined,
): '*' | undefined {
  if (ifMatch !== undefined) {
    throw new HyperMeshError('unsupported', 'a write knows no If-Match; use If-None-Match: *')
  }
  if (ifNoneMatch === undefined) return undefined
  if (ifNoneMatch.trim() === '*') return '*'
  throw new HyperMeshError(
    'unsupported',
    'a write knows only If-None-Match: *, to create an object',
  )
}
