import type { ByteSink } from './byte-sink.ts'

const hex = '0123456789abcdef'

/**
 * Copies UTF-8 into a JSON string, escaping quotes, backslashes and control characters. Four bytes
 * at a time while none of them needs it.
 */
export function writeEscaped(sink: ByteSink, source: DataView, start: number, end: number): void {
  sink.reserve(end - start)
  const { view } = sink
  let at = sink.length
  let from = start
  for (const last = end - 4; from <= last; from += 4) {
    const word = source.getInt32(from, true)
    if (holdsEscape(word)) break
    view.setInt32(at, word, true)
    at += 4
  }
  for (; from < end; from += 1) {
    const byte = source.getUint8(from)
    if (byte < 32 || byte === 34 || byte === 92) break
    view.setUint8(at++, byte)
  }
  sink.length = at
  if (from < end) writeByBytes(sink, source, from, end)
}

/** Whether one of the four bytes is below 32, or 34, or 92: the usual tests for a zero byte in a word. */
function holdsEscape(word: number): boolean {
  const quote = word ^ 0x22222222
  const slash = word ^ 0x5c5c5c5c
  const found =
    ((word - 0x20202020) & ~word) |
    ((quote - 0x01010101) & ~quote) |
    ((slash - 0x01010101) & ~slash)
  return (found & 0x80808080) !== 0
}

/** Each byte may become six, but few do. */
const blockBytes = 64 * 1024

function writeByBytes(sink: ByteSink, source: DataView, start: number, end: number): void {
  for (let from = start; from < end; from += blockBytes) {
    writeBlock(sink, source, from, Math.min(end, from + blockBytes))
  }
}

function writeBlock(sink: ByteSink, source: DataView, start: number, end: number): void {
  sink.reserve((end - start) * 6)
  const { bytes } = sink
  let at = sink.length
  for (let index = start; index < end; index += 1) {
    const byte = source.getUint8(index)
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
