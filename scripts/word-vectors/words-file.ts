import { brotliCompressSync, constants, crc32 } from 'node:zlib'

export interface LearnedWord {
  readonly word: string
  readonly count: number
  readonly vector: Float32Array
}

export interface LearnedWords {
  readonly dimension: number
  /** Of all words of the corpus. */
  readonly tokenCount: number
  readonly words: readonly LearnedWord[]
  readonly components: Float32Array
}

const bytewise = 127

/** The file that services/vector/src/text/word-vectors.ts reads; the same words, the same bytes. */
export function encodeWords(learned: LearnedWords): Buffer {
  const { dimension, tokenCount, words, components } = learned
  const scales = new Float32Array(words.length)
  const vectors = new Int8Array(words.length * dimension)
  for (const [index, { vector }] of words.entries()) {
    const scale = vector.reduce((max, number) => Math.max(max, Math.abs(number)), 0) / bytewise
    scales[index] = scale
    for (let at = 0; at < dimension; at += 1) {
      vectors[index * dimension + at] = scale === 0 ? 0 : Math.round((vector[at] ?? 0) / scale)
    }
  }
  const contents = {
    words: Buffer.from(words.map(({ word }) => word).join('\n')),
    counts: bytesOf(Uint32Array.from(words, ({ count }) => count)),
    scales: bytesOf(scales),
    vectors: bytesOf(vectors),
    components: bytesOf(components),
  }
  const packed = Object.entries(contents).map(([name, bytes]) => ({
    section: { name, bytes: 0, unpackedBytes: bytes.length, crc32: crc32(bytes) },
    bytes: pack(bytes),
  }))
  // The model is another one whenever a number of it is.
  const digest = crc32(contents.vectors, crc32(contents.words)).toString(16).padStart(8, '0')
  const header = Buffer.from(
    JSON.stringify({
      model: `static-en-${dimension}-${digest}`,
      dimension,
      wordCount: words.length,
      tokenCount,
      vectorLength: lengthOf(words),
      sections: packed.map(({ section, bytes }) => ({ ...section, bytes: bytes.length })),
    }),
  )
  const prefix = Buffer.alloc(16)
  prefix.write('HMWORDS1', 'latin1')
  prefix.writeUInt32LE(header.length, 8)
  prefix.writeUInt32LE(crc32(header), 12)
  return Buffer.concat([prefix, header, ...packed.map(({ bytes }) => bytes)])
}

function lengthOf(words: readonly LearnedWord[]): number {
  const squares = words.map(({ vector }) => vector.reduce((sum, number) => sum + number ** 2, 0))
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / words.length)
}

function bytesOf({ buffer, byteOffset, byteLength }: NodeJS.TypedArray): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

function pack(bytes: Buffer): Buffer {
  return brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      [constants.BROTLI_PARAM_LGWIN]: 24,
    },
  })
}
