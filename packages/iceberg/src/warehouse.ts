import { HyperMeshError, printable, type TableName } from '@hypermesh/contract'
import type { ObjectStore } from '@hypermesh/object-store'

/**
 * Maps the absolute URIs that stand in table metadata to keys of the object store and back. The
 * recorded URI may differ from where the directory is today, so that reads survive a move.
 */
export class Warehouse {
  readonly store: ObjectStore
  /** `file:///…/warehouse`, without a trailing slash. */
  readonly uri: string
  readonly #prefix: string
  readonly #roots: readonly string[]

  constructor(store: ObjectStore, uri: string, prefix = 'warehouse') {
    this.store = store
    this.uri = uri.replace(/\/+$/, '')
    this.#prefix = prefix
    this.#roots = rootSpellings(this.uri)
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
