import { HyperMeshError, headers, printable, type TableName } from '@hypermesh/contract'
import type { ObjectStore } from '@hypermesh/object-store'

/**
 * Maps the absolute URIs that stand in table metadata to keys of the object store and back. The
 * recorded URI may differ from where the directory is today, so that reads survive a move.
 */
export class Warehouse {
  readonly store: ObjectStore
  readonly #prefix: string
  #uri: string
  /** Every spelling of every URI that it had, the newest first: what is read may be older. */
  #roots: readonly string[]

  constructor(store: ObjectStore, uri: string, prefix = 'warehouse') {
    this.store = store
    this.#prefix = prefix
    this.#uri = uri.replace(/\/+$/, '')
    this.#roots = rootSpellings(this.#uri)
  }

  /** `file:///…/warehouse`, without a trailing slash. */
  get uri(): string {
    return this.#uri
  }

  /** Learns where the warehouse was recorded over time, the URI of today last. */
  learn(uris: readonly string[]): void {
    const current = uris.at(-1)
    const known = uris.every((uri) => this.#roots.includes(uri))
    if (current === undefined || (known && current === this.#uri)) return
    this.#uri = current
    const newestFirst = [...uris].reverse().flatMap(rootSpellings)
    this.#roots = [...new Set([...newestFirst, ...this.#roots])]
  }

  /** The key of a recorded URI; `invalid` if it is not inside the warehouse. */
  toKey(uri: string): string {
    const normal = uri.replace(/^file:\/(?=[^/])/, 'file:///').replace(/^\/(?!\/)/, 'file:///')
    const root = this.#roots.find((candidate) => normal.startsWith(`${candidate}/`))
    const parts = root === undefined ? [] : normal.slice(root.length + 1).split('/')
    if (parts.length === 0 || parts.some(isBadSegment)) {
      throw new HyperMeshError('invalid', `${printable(uri)} is not inside the warehouse`)
    }
    return `${this.#prefix}/${parts.join('/')}`
  }

  /** The URI as it would be written today, for one of a place that the warehouse had before. */
  toCurrent(uri: string): string {
    return uri.startsWith(`${this.#uri}/`) ? uri : this.toUri(this.toKey(uri))
  }

  /** One text for every spelling of one URI; the URI itself where it lies outside. */
  keyOrUri(uri: string): string {
    try {
      return this.toKey(uri)
    } catch {
      return uri
    }
  }

  toUri(key: string): string {
    const start = `${this.#prefix}/`
    const rest = key.slice(start.length)
    if (!key.startsWith(start) || rest.split('/').some(isBadSegment)) {
      throw new HyperMeshError('invalid', `${printable(key)} is not a key of the warehouse`)
    }
    return `${this.uri}/${rest}`
  }

  /** Where the file lies on this machine; undefined when the store is not a local disk. */
  localPath(uri: string): string | undefined {
    return this.store.localPath(this.toKey(uri))
  }

  tableLocation(name: TableName): string {
    return `${this.uri}/${name.namespace}/${name.table}`
  }
}

/** A way to the catalog that learns from each reply where the warehouse is recorded by now. */
export function followWarehouse<Arguments extends readonly unknown[]>(
  catalog: (...args: Arguments) => Response | Promise<Response>,
  warehouse: Warehouse,
): (...args: Arguments) => Promise<Response> {
  return async (...args) => {
    const reply = await catalog(...args)
    const uris = reply.headers.get(headers.warehouse)
    if (uris !== null) warehouse.learn(uris.split(' ').map(decodeURI))
    return reply
  }
}

/** What `followWarehouse` reads. */
export function warehouseHeader(uris: readonly string[]): string {
  return uris.map(encodeURI).join(' ')
}

function isBadSegment(segment: string): boolean {
  if (segment === '' || segment === '.' || segment === '..') return true
  // A percent sign is itself: Java writes `p=a%2Fb` for a partition and means those very letters.
  return /[\\\p{Cc}\p{Cs}]/u.test(segment)
}

/** A directory with odd characters is recorded by some writers encoded, by others as it is. */
function rootSpellings(uri: string): readonly string[] {
  const spellings = new Set([uri])
  try {
    spellings.add(decodeURI(uri))
    const path = decodeURIComponent(uri)
    spellings.add(path)
    const scheme = /^[a-z0-9]+:\/\//.exec(path)?.[0] ?? ''
    const encoded = path.slice(scheme.length).split('/').map(encodeURIComponent).join('/')
    spellings.add(scheme + encoded)
    spellings.add(encodeURI(path))
  } catch {
    // A percent sign that encodes nothing: the URI as given is the only spelling.
  }
  return [...spellings]
}
