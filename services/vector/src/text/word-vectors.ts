import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { brotliDecompress, crc32 } from 'node:zlib'
import { HyperMeshError } from '@hypermesh/contract'
import { z } from 'zod'

const unpack = promisify(brotliDecompress)

/** `HMWORDS1`, header length, CRC-32 of the header (both uint32 LE), header, then the sections. */
const magic = 'HMWORDS1'
const prefixBytes = 16
const headerBytesMax = 64 * 1024
const wordsMax = 1_000_000

const header = z.strictObject({
  model: z.string().min(1).max(100),
  dimension: z.number().int().min(1).max(4096),
  wordCount: z.number().int().min(1).max(wordsMax),
  /** Words of the text that the vectors were learned from, for frequencies. */
  tokenCount: z.number().int().min(1),
  /** Root mean square of the vectors' lengths. */
  vectorLength: z.number().positive(),
  /** How each is compressed by brotli; in this order, one after another. */
  sections: z.array(
    z.strictObject({
      name: z.enum(['words', 'counts', 'scales', 'vectors', 'components']),
      bytes: z.number().int().min(1),
      unpackedBytes: z
        .number()
        .int()
        .min(1)
        .max(256 * 1024 * 1024),
      crc32: z.number().int().min(0).max(0xffff_ffff).describe('of the unpacked bytes'),
    }),
  ),
})
type Header = z.infer<typeof header>
type SectionName = Header['sections'][number]['name']

/** Static vectors of words: one byte a number, a scale a word, and how often the word occurred. */
export interface WordVectors {
  readonly model: string
  readonly dimension: number
  readonly tokenCount: number
  readonly vectorLength: number
  readonly indexes: ReadonlyMap<string, number>
  readonly counts: Uint32Array
  readonly scales: Float32Array
  readonly vectors: Int8Array
  /** What pooled vectors of all texts share: their mean, then unit directions to take out. */
  readonly components: Float32Array
}

/** Reads and checks a file that `npm run rebuild-embeddings` wrote; damage is `corrupt`. */
export async function readWordVectors(path: URL): Promise<WordVectors> {
  return parseWordVectors(await readFile(path))
}

export async function parseWordVectors(file: Uint8Array): Promise<WordVectors> {
  const { sections, wordCount, ...facts } = parseHeader(file)
  const { dimension } = facts
  const bytes = new Map<SectionName, Uint8Array<ArrayBuffer>>()
  let at = prefixBytes + headerLengthOf(file)
  for (const section of sections) {
    bytes.set(section.name, await unpackSection(file.subarray(at, at + section.bytes), section))
    at += section.bytes
  }
  if (at !== file.length) throw corrupt(`has ${file.length} bytes instead of ${at}`)
  const take = (name: SectionName, length: number, elementBytes: number): ArrayBuffer => {
    const section = bytes.get(name)
    if (section?.length === length * elementBytes) return section.buffer
    throw corrupt(`has ${section?.length ?? 'no'} bytes of ${name}`)
  }
  const words = new TextDecoder().decode(bytes.get('words')).split('\n')
  const indexes = new Map(words.map((word, index) => [word, index]))
  if (indexes.size !== wordCount) throw corrupt(`has ${indexes.size} words, not ${wordCount}`)
  const componentNumbers = (bytes.get('components')?.length ?? 0) / Float32Array.BYTES_PER_ELEMENT
  if (componentNumbers % dimension !== 0) throw corrupt('has a component of another dimension')
  return {
    ...facts,
    indexes,
    counts: new Uint32Array(take('counts', wordCount, 4)),
    scales: new Float32Array(take('scales', wordCount, 4)),
    vectors: new Int8Array(take('vectors', wordCount * dimension, 1)),
    components: new Float32Array(take('components', componentNumbers, 4)),
  }
}

function parseHeader(file: Uint8Array): Header {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  if (file.length < prefixBytes || new TextDecoder().decode(file.subarray(0, 8)) !== magic) {
    throw corrupt(`does not begin with ${magic}`)
  }
  const length = headerLengthOf(file)
  const bytes = file.subarray(prefixBytes, prefixBytes + length)
  if (length > headerBytesMax || bytes.length !== length) throw corrupt('ends in its header')
  if (crc32(bytes) !== view.getUint32(12, true)) throw corrupt('has a damaged header')
  const parsed = header.safeParse(JSON.parse(new TextDecoder().decode(bytes)))
  if (!parsed.success) throw corrupt(`has a header of another form: ${parsed.error.message}`)
  return parsed.data
}

function headerLengthOf(file: Uint8Array): number {
  return new DataView(file.buffer, file.byteOffset).getUint32(8, true)
}

/** In a buffer of its own, so that typed arrays can lie on it. */
async function unpackSection(
  packed: Uint8Array,
  section: Header['sections'][number],
): Promise<Uint8Array<ArrayBuffer>> {
  const { name, unpackedBytes } = section
  const unpacked = await unpack(packed, { maxOutputLength: unpackedBytes }).catch((cause) => {
    throw corrupt(`has damaged ${name}`, cause)
  })
  if (unpacked.length !== unpackedBytes || crc32(unpacked) !== section.crc32) {
    throw corrupt(`has damaged ${name}`)
  }
  return new Uint8Array(unpacked)
}

function corrupt(what: string, cause?: unknown): HyperMeshError {
  return new HyperMeshError('corrupt', `the file of word vectors ${what}`, { cause })
}
