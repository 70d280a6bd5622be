import type { ByteSink } from './byte-sink.ts'

const hex = '0123456789abcdef'

/** Copies UTF-8 into a JSON string, escaping quotes, backslashes and control characters. */
export function writeEscaped(sink: ByteSink, source: Uint8Array, start: number, end: number): void {
  sink.reserve((end - start) * 6)
  const { bytes } = sink
  let at = sink.length
  for (let index = start; index < end; index += 1) {
    const byte = source[index] as number
    if (byte >= 32 && byte !== 34 && byte !== 92) bytes[at++] = byte
    else at = writeEscape(bytes, at, byte)
  }
  sink.length = at
}

const short: Readonly<Record<number, number>> = { 8: 98, 9: 116, 10: 110, 12: 102, 13: 114 }

function writeEscape(bytes: Buffer, at: number, byte: number): number {
  bytes[at] = 92
  const letter = byte === 34 || byte === 92 ? byte : short[byte]
  if (letter !== undefined) {
    bytes[at + 1] = letter
    return at + 2
  }
  return at + 1 + bytes.write(`u00${hex[byte >> 4]}${hex[byte & 15]}`, at + 1, 'latin1')
}
