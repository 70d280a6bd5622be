import { randomBytes } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { HyperMeshError, printable } from '@hypermesh/contract'
import avro, { type Type } from 'avsc'
import { snappyUncompress } from 'hyparquet'
import { avroLong } from './avro-long.ts'

/** An Avro schema as JSON; Iceberg adds `field-id` and friends, so it is not avsc's own type. */
export type AvroSchema = string | readonly AvroSchema[] | { readonly [key: string]: unknown }

const magic = Buffer.from('Obj\x01', 'latin1')
const headerType = avro.Type.forSchema({ type: 'map', values: 'bytes' })
const blockBytes = 256 * 1024
/** A block that would inflate beyond this is taken for damage. */
const blockBytesMax = 512 * 1024 * 1024

export interface AvroFile {
  readonly header: ReadonlyMap<string, string>
  readonly records: readonly unknown[]
  /** Bytes of the records once uncompressed. */
  readonly rawBytes: number
}

/** Writes an Avro object container file, deflated. The header keeps the schema as it was given. */
export function encodeAvroFile(
  schema: AvroSchema,
  records: readonly unknown[],
  extra: Readonly<Record<string, string>>,
): Buffer {
  const type = toAvroType(schema)
  const sync = randomBytes(16)
  const header: Record<string, Buffer> = {
    'avro.schema': Buffer.from(JSON.stringify(schema)),
    'avro.codec': Buffer.from('deflate'),
  }
  for (const [key, value] of Object.entries(extra)) header[key] = Buffer.from(value)
  const parts: Buffer[] = [magic, headerType.toBuffer(header), sync]
  let pending: Buffer[] = []
  let pendingBytes = 0
  const flush = () => {
    if (pending.length === 0) return
    const body = deflateRawSync(Buffer.concat(pending))
    parts.push(avroLong.toBuffer(pending.length), avroLong.toBuffer(body.length), body, sync)
    pending = []
    pendingBytes = 0
  }
  for (const record of records) {
    const bytes = type.toBuffer(record)
    pending.push(bytes)
    pendingBytes += bytes.length
    if (pendingBytes >= blockBytes) flush()
  }
  flush()
  return Buffer.concat(parts)
}

/**
 * Reads an Avro object container file. `rename` may give the writer's schema other field names,
 * which Avro's binary form does not hold. Throws `corrupt`, or `unsupported` for other codecs.
 */
export function decodeAvroFile(
  bytes: Uint8Array,
  rename: (schema: unknown) => unknown = (schema) => schema,
): AvroFile {
  try {
    return decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), rename)
  } catch (cause) {
    if (cause instanceof HyperMeshError) throw cause
    throw new HyperMeshError('corrupt', 'the avro file cannot be decoded', { cause })
  }
}

function decode(file: Buffer, rename: (schema: unknown) => unknown): AvroFile {
  if (!file.subarray(0, 4).equals(magic)) throw damaged('it does not start as an avro file')
  const head = headerType.decode(file, magic.length)
  if (head.offset < 0) throw damaged('its header is cut short')
  const header = new Map<string, string>()
  // avsc decodes a map of bytes as an object of Buffers.
  for (const [key, value] of Object.entries(head.value as Record<string, Buffer>)) {
    header.set(key, value.toString('utf8'))
  }
  const sync = file.subarray(head.offset, head.offset + 16)
  const type = toAvroType(rename(JSON.parse(header.get('avro.schema') ?? '')) as AvroSchema)
  const codec = header.get('avro.codec') ?? 'null'
  const records: unknown[] = []
  let rawBytes = 0
  let offset = head.offset + 16
  while (offset < file.length) {
    const count = readLong(file, offset)
    const size = readLong(file, count.offset)
    const end = size.offset + size.value
    if (size.value < 0 || !file.subarray(end, end + 16).equals(sync) || sync.length < 16) {
      throw damaged('a block is cut short or its marker is wrong')
    }
    const block = decompress(codec, file.subarray(size.offset, end))
    rawBytes += block.length
    decodeBlock(type, block, count.value, records)
    offset = end + 16
  }
  return { header, records, rawBytes }
}

function decodeBlock(type: Type, block: Buffer, count: number, records: unknown[]): void {
  let position = 0
  for (let index = 0; index < count; index += 1) {
    const record = type.decode(block, position)
    if (record.offset < 0) throw damaged('a record is cut short')
    records.push(record.value)
    position = record.offset
  }
  if (position !== block.length) throw damaged('a block has bytes beyond its records')
}

function decompress(codec: string, block: Buffer): Buffer {
  if (codec === 'null') return block
  if (codec === 'deflate') return inflateRawSync(block, { maxOutputLength: blockBytesMax })
  if (codec === 'snappy') return inflateSnappy(block)
  throw new HyperMeshError(
    'unsupported',
    `an avro file is compressed with ${printable(codec)}; deflate, snappy and null can be read`,
  )
}

/** Avro's snappy blocks end with a CRC-32 of four bytes; damage shows in decoding, too. */
function inflateSnappy(block: Buffer): Buffer {
  let length = 0
  let shift = 0
  for (const byte of block.subarray(0, 5)) {
    length += (byte & 0x7f) * 2 ** shift
    if ((byte & 0x80) === 0) break
    shift += 7
  }
  if (length > blockBytesMax) throw damaged('a block is too large')
  const output = Buffer.alloc(length)
  snappyUncompress(block.subarray(0, -4), output)
  return output
}

function readLong(file: Buffer, offset: number): { value: number; offset: number } {
  const decoded = avroLong.decode(file, offset)
  if (decoded.offset < 0 || typeof decoded.value !== 'number') throw damaged('a block has no count')
  return { value: decoded.value, offset: decoded.offset }
}

/** avsc compiles code for a schema, which takes longer than to read a small manifest with it. */
const compiled = new Map<string, Type>()
const compiledMax = 64

function toAvroType(schema: AvroSchema): Type {
  const text = JSON.stringify(schema)
  const known = compiled.get(text)
  if (known !== undefined) return known
  // avsc's schema type knows no `field-id`; it ignores attributes that it does not know.
  const options = { registry: { long: avroLong }, wrapUnions: 'never' as const }
  const type = avro.Type.forSchema(schema as never, options)
  if (compiled.size >= compiledMax) compiled.clear()
  compiled.set(text, type)
  return type
}

function damaged(what: string): HyperMeshError {
  return new HyperMeshError('corrupt', `the avro file is damaged: ${what}`)
}
