import type { TableMetadata } from '@hypermesh/contract'

const bytesMax = 64 * 1024 * 1024

export interface CachedMetadata {
  readonly metadata: TableMetadata
  /** Of the file; the decoded form takes several times as much. */
  readonly bytes: number
}

/** Metadata by location, the least recently used dropped first. A file that is read is read once. */
export class MetadataCache {
  readonly #entries = new Map<string, CachedMetadata>()
  readonly #reading = new Map<string, Promise<TableMetadata>>()
  #bytes = 0

  async get(location: string, read: () => Promise<CachedMetadata>): Promise<TableMetadata> {
    const entry = this.#entries.get(location)
    if (entry !== undefined) {
      this.#entries.delete(location)
      this.#entries.set(location, entry)
      return entry.metadata
    }
    const reading = this.#reading.get(location) ?? this.#read(location, read)
    this.#reading.set(location, reading)
    return reading
  }

  set(location: string, entry: CachedMetadata): void {
    this.#bytes += entry.bytes - (this.#entries.get(location)?.bytes ?? 0)
    this.#entries.delete(location)
    this.#entries.set(location, entry)
    for (const [oldest, { bytes }] of this.#entries) {
      if (this.#bytes <= bytesMax || this.#entries.size === 1) return
      this.#entries.delete(oldest)
      this.#bytes -= bytes
    }
  }

  async #read(location: string, read: () => Promise<CachedMetadata>): Promise<TableMetadata> {
    try {
      const entry = await read()
      this.set(location, entry)
      return entry.metadata
    } finally {
      this.#reading.delete(location)
    }
  }
}
