import { HyperMeshError, parseJson, stringifyJson } from '@hypermesh/contract'
import type { Warehouse } from '@hypermesh/iceberg'
import type { Attempt } from './attempts.ts'
import { MetadataCache } from './metadata-cache.ts'

export interface MetadataKind<Metadata> {
  readonly warehouse: Warehouse
  readonly schema: { parse(value: unknown): Metadata }
  /** For messages: `table` or `view`. */
  readonly what: string
}

export interface NextMetadata<Metadata> {
  readonly location: string
  readonly metadata: Metadata
  /** The metadata file that this one follows. */
  readonly previous?: string | undefined
}

/** Metadata files of tables, or of views. They are immutable, so a location is a cache key. */
export class MetadataFiles<Metadata> {
  readonly #kind: MetadataKind<Metadata>
  readonly #cache = new MetadataCache<Metadata>()

  constructor(kind: MetadataKind<Metadata>) {
    this.#kind = kind
  }

  /** What the log names: a file that is missing is `corrupt`. */
  read(metadataLocation: string): Promise<Metadata> {
    return this.#cache.get(metadataLocation, async () => {
      const bytes = await this.#bytes(metadataLocation).catch((error: unknown) => {
        if (!(error instanceof HyperMeshError) || error.code !== 'not_found') throw error
        throw new HyperMeshError(
          'corrupt',
          `${metadataLocation} is missing, but the log names it`,
          {
            cause: error,
          },
        )
      })
      return { metadata: this.#decode(bytes, metadataLocation, 'corrupt'), bytes: bytes.length }
    })
  }

  /** What a client names: a file that is missing is `not_found`, one that is no metadata `invalid`. */
  async readForeign(metadataLocation: string): Promise<Metadata> {
    const bytes = await this.#bytes(metadataLocation)
    return this.#decode(bytes, metadataLocation, 'invalid')
  }

  /** Writes the next metadata file and returns its location. */
  async write(attempt: Attempt, next: NextMetadata<Metadata>): Promise<string> {
    const { metadata, previous } = next
    const { warehouse } = this.#kind
    const version = previous === undefined ? 0 : versionOf(previous) + 1
    const name = `${String(version).padStart(5, '0')}-${attempt.token}.metadata.json`
    const location = `${next.location}/metadata/${name}`
    const bytes = new TextEncoder().encode(stringifyJson(metadata))
    const key = warehouse.toKey(location)
    attempt.written.push(key)
    await warehouse.store.put(key, bytes, { ifNoneMatch: '*' })
    this.#cache.set(location, { metadata, bytes: bytes.length })
    return location
  }

  #bytes(location: string): Promise<Uint8Array> {
    const { warehouse } = this.#kind
    return warehouse.store.read(warehouse.toKey(location), { bytesMax: metadataBytesMax })
  }

  #decode(bytes: Uint8Array, location: string, fault: 'corrupt' | 'invalid'): Metadata {
    try {
      return this.#kind.schema.parse(parseJson(new TextDecoder().decode(bytes)))
    } catch (error) {
      throw new HyperMeshError(fault, `${location} is no ${this.#kind.what} metadata`, {
        cause: error,
      })
    }
  }
}

const metadataBytesMax = 1024 * 1024 * 1024

/** The number that a metadata file's name starts with; 0 for one named otherwise. */
function versionOf(metadataLocation: string): number {
  return Number(/\/(\d+)-[^/]*\.metadata\.json$/.exec(metadataLocation)?.[1] ?? 0)
}
