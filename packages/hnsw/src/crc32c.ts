import { loadNative } from './native.ts'

/**
 * CRC-32C (Castagnoli) of the bytes, going on from that of the bytes before them: what frames an image.
 * zlib's crc32 is of another polynomial.
 */
export function crc32c(bytes: Uint8Array, before = 0): number {
  return loadNative().crc32c(bytes, before, 0)
}
