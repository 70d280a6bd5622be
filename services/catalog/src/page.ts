import { HyperMeshError } from '@hypermesh/contract'

export interface PageRequest {
  readonly pageToken?: string | undefined
  readonly pageSize?: number | undefined
}

export interface Page<T> {
  readonly items: readonly T[]
  /** null: this is the last page. */
  readonly next: string | null
}

/**
 * One page of entries, which come in the order of their folded names. The token is the last name of
 * the page before, so a page is right whatever was created or dropped between. Without a token or
 * size the client does not page (REST specification): it gets everything.
 */
export function pageOf<Entry>(
  entries: readonly Entry[],
  nameOf: (entry: Entry) => string,
  request: PageRequest,
  sizeMax: number,
): Page<Entry> {
  if (request.pageToken === undefined && request.pageSize === undefined) {
    return { items: entries, next: null }
  }
  const after = request.pageToken ? fromToken(request.pageToken) : ''
  const rest = entries.filter((entry) => nameOf(entry).toLowerCase() > after)
  const items = rest.slice(0, Math.min(request.pageSize ?? sizeMax, sizeMax))
  const last = items.at(-1)
  return { items, next: rest.length > items.length && last ? toToken(nameOf(last)) : null }
}

function toToken(name: string): string {
  return Buffer.from(name.toLowerCase()).toString('base64url')
}

function fromToken(token: string): string {
  const name = Buffer.from(token, 'base64url').toString()
  if (toToken(name) !== token) throw new HyperMeshError('invalid', 'not a page token of this list')
  return name
}
