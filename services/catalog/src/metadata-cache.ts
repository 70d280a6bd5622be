const bytesMax = 64 * 1024 * 1024

export interface CachedMetadata<Metadata> {
  readonly metadata: Metadata
  /** Of the file; the decoded form takes several times as much. */
  readonly bytes: number
}

/** Metadata by location, the least recently used dropped first. A file that is read is read once. */
export class MetadataCache<Metadata> {
  readonly #entries = new Map<string, CachedMetadata<Metadata>>()
  readonly #reading = new Map<string, Promise<Metadata>>()
  #bytes = 0

  async get(location: string, read: () => Promise<CachedMetadata<Metadata>>): Promise<Metadata> {
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

  set(location: string, entry: CachedMetadata<Metadata>): void {
    this.#bytes += entry.bytes - (this.#entries.get(location)?.bytes ?? 0)
    this.#entries.delete(location)
    this.#entries.set(location, entry)
    for (const [oldest, { bytes }] of this.#entries) {
      if (this.#bytes <= bytesMax || this.#entries.size === 1) return
      this.#entries.delete(oldest)
      this.#bytes -= bytes
    }
  }

  async #read(location: string, read: () => Promise<CachedMetadata<Metadata>>): Promise<Metadata> {
    try {
      const entry = await read()
      this.set(location, entry)
      return entry.metadata
    } finally {
      this.#reading.delete(location)
    }
  }
}
