import type { DecodedManifest } from './manifest.ts'

/**
 * Decoded manifests by path, the least recently used dropped first. Manifests never change, so an
 * entry is never stale. Sizes are estimates: decoded entries take several times their Avro bytes.
 */
export class ManifestCache {
  readonly #bytesMax: number
  readonly #entries = new Map<string, { decoded: DecodedManifest; bytes: number }>()
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  get(path: string): DecodedManifest | undefined {
    const entry = this.#entries.get(path)
    if (entry === undefined) return undefined
    this.#entries.delete(path)
    this.#entries.set(path, entry)
    return entry.decoded
  }

  set(path: string, decoded: DecodedManifest): void {
    this.delete(path)
    const bytes = decoded.rawBytes * 4 + decoded.entries.length * 1500 + 1000
    if (bytes > this.#bytesMax) return
    this.#entries.set(path, { decoded, bytes })
    this.#bytes += bytes
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#bytesMax) break
      this.delete(oldest)
    }
  }

  delete(path: string): void {
    const entry = this.#entries.get(path)
    if (entry === undefined) return
    this.#entries.delete(path)
    this.#bytes -= entry.bytes
  }
}
