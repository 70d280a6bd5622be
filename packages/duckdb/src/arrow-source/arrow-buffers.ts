import { setImmediate as nextTurn } from 'node:timers/promises'
import { HyperMeshError } from '@hypermesh/contract'
import { ZstdStream } from '../zstd-stream.ts'
import type { ArrowBytes } from './arrow-bytes.ts'
import type { ArrowBatch } from './arrow-messages.ts'
import { damagedArrow } from './flatbuffer.ts'
import { unpackLz4Frame } from './lz4-frame.ts'

const prefixBytes = 8
const turnMs = 5

/** The buffers of a batch, unpacked. Holds the whole batch, which is refused above `bytesMax`. */
export async function readBuffers(
  bytes: ArrowBytes,
  batch: ArrowBatch,
  { bytesMax, signal }: { readonly bytesMax: number; readonly signal: AbortSignal | undefined },
): Promise<Uint8Array[]> {
  if (batch.bytes > bytesMax) throw tooLarge(bytesMax)
  const body = await bytes.read(batch.start, batch.bytes)
  const regions: Uint8Array[] = []
  for (let index = 0; index < batch.buffers.length; index += 2) {
    const [offset = 0, length = 0] = batch.buffers.slice(index, index + 2)
    if (offset < 0 || length < 0 || offset + length > batch.bytes) {
      throw damagedArrow('a buffer lies outside its batch')
    }
    regions.push(body.subarray(offset, offset + length))
  }
  const { codec } = batch
  if (codec === undefined) return regions
  const total = regions.reduce((sum, region) => sum + unpackedLength(region), 0)
  if (total > bytesMax) throw tooLarge(bytesMax)
  const buffers: Uint8Array[] = []
  let since = performance.now()
  for (const region of regions) {
    const output = new Uint8Array(unpackedLength(region))
    for (const _ of unpackRegion(region, codec, output)) {
      if (performance.now() - since < turnMs) continue
      await nextTurn()
      signal?.throwIfAborted()
      since = performance.now()
    }
    buffers.push(output)
  }
  return buffers
}

/** A packed buffer begins with its unpacked length, or with -1: it is not packed. */
function unpackedLength(region: Uint8Array): number {
  if (region.length === 0) return 0
  if (region.length < prefixBytes) throw damagedArrow('a packed buffer has no length')
  const view = new DataView(region.buffer, region.byteOffset, prefixBytes)
  const length = Number(view.getBigInt64(0, true))
  if (length === -1) return region.length - prefixBytes
  if (length >= 0 && Number.isSafeInteger(length)) return length
  throw damagedArrow('a packed buffer has an impossible length')
}

function* unpackRegion(
  region: Uint8Array,
  codec: 'lz4' | 'zstd',
  output: Uint8Array,
): Generator<void> {
  if (region.length === 0) return
  const packed = region.subarray(prefixBytes)
  const view = new DataView(region.buffer, region.byteOffset, prefixBytes)
  if (view.getBigInt64(0, true) === -1n) output.set(packed)
  else if (codec === 'lz4') yield* unpackLz4Frame(packed, output)
  else yield* unpackZstd(packed, output)
}

function* unpackZstd(packed: Uint8Array, output: Uint8Array): Generator<void> {
  const stream = new ZstdStream()
  let written = 0
  for (const piece of stream.push(packed)) {
    if (written + piece.length > output.length) break
    output.set(piece, written)
    written += piece.length
    yield
  }
  stream.end()
  if (written !== output.length) {
    throw damagedArrow('a zstd buffer does not have the length that is stated')
  }
}

function tooLarge(bytesMax: number): HyperMeshError {
  return new HyperMeshError(
    'too_large',
    `a batch of the Arrow file has more than ${bytesMax} bytes; write smaller batches`,
    { details: { limit: 'arrow_batch_bytes_max', arrowBatchBytesMax: bytesMax } },
  )
}
