import { isValid } from './result-buffer.ts'
import type { SymbolCache } from './symbol-cache.ts'

/** Texts in Arrow's layout. */
export interface SymbolTexts {
  readonly data: Uint8Array
  readonly valueOffsets: Int32Array
  /** Which have one. */
  readonly bits: Uint8Array
}

/** The texts of symbols one after the other, each encoded once. */
export function symbolTexts(
  codes: Uint32Array,
  symbols: SymbolCache,
  validity: Uint8Array | undefined,
): SymbolTexts {
  const valueOffsets = new Int32Array(codes.length + 1)
  const bits = new Uint8Array((codes.length + 7) >> 3)
  // Where there are none, memory that is zero already is all it takes.
  if (!hasAny(codes)) return { data: new Uint8Array(0), valueOffsets, bits }
  const texts = symbols.tableFor(codes)
  const encoded: (Uint8Array | undefined)[] = []
  let end = 0
  for (let row = 0; row < codes.length; row++) {
    const code = codes[row] ?? 0
    if (code !== 0 && isValid(validity, row)) {
      encoded[code] ??= Buffer.from(texts[code] ?? '')
      end += encoded[code].length
      bits[row >> 3] = (bits[row >> 3] ?? 0) | (1 << (row & 7))
    }
    valueOffsets[row + 1] = end
  }
  const data = new Uint8Array(end)
  for (let row = 0; row < codes.length; row++) {
    const at = valueOffsets[row] ?? 0
    if (valueOffsets[row + 1] !== at) data.set(encoded[codes[row] ?? 0] ?? [], at)
  }
  return { data, valueOffsets, bits }
}

function hasAny(codes: Uint32Array): boolean {
  for (let row = 0; row < codes.length; row++) if (codes[row] !== 0) return true
  return false
}
