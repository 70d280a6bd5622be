import type { DuckDBDataChunk } from '@duckdb/node-api'
import type { ResultFormat } from '@hypermesh/contract'
import type { Allocate } from './byte-sink.ts'
import { CsvEncoder } from './csv-encoder.ts'
import { JsonRowsEncoder, NdjsonEncoder } from './json-encoder.ts'
import type { ResultColumn } from './result-columns.ts'
import type { DuckStream } from './session.ts'

/** Turns chunks into bytes of one format. */
export interface ResultEncoder {
  /** Takes up a chunk, whose rows come next. */
  open(chunk: DuckDBDataChunk): void
  /**
   * Writes rows of the chunk, in order, up to one that makes a piece. Returns how many were written;
   * none: the next one would bring the total above the limit.
   */
  append(rows: RowRange, bytesLeft: number): number
  /** Bytes written and not yet taken. */
  readonly heldBytes: number
  take(): Uint8Array
  /** What closes the body. */
  finish(): void
}

export interface RowRange {
  readonly from: number
  readonly to: number
}

export interface EncodeOptions {
  /** Parquet is not among them: it is written whole, see result-parquet.ts. */
  readonly format: Exclude<ResultFormat, 'parquet'>
  readonly columns: readonly ResultColumn[]
  readonly rowsMax: number
  readonly bytesMax: number
  /** Memory for the pieces, which belongs to who reads them. */
  readonly allocate?: Allocate
}

export interface EncodedTotals {
  readonly rowCount: number
  readonly bytes: number
  readonly truncated: 'rows' | 'bytes' | null
}

/** Pieces of a body are at least this large, but for the last. */
const pieceBytes = 64 * 1024

/**
 * Encodes a result chunk by chunk: pulled by the reader, at most one chunk ahead of it, which DuckDB
 * makes meanwhile. A chunk whose rows are large becomes several pieces. Between two chunks the event
 * loop turns, because fetching one is asynchronous.
 * Returns the totals.
 */
export async function* encodeResult(
  stream: DuckStream,
  options: EncodeOptions,
): AsyncGenerator<Uint8Array, EncodedTotals, undefined> {
  const encoder = await createEncoder(options)
  let [rowCount, bytes] = [0, 0]
  let truncated: EncodedTotals['truncated'] = null
  let fetching = stream.next()
  for (let chunk = await fetching; chunk; chunk = await fetching) {
    fetching = stream.next()
    // Told when it is awaited; a reader that has gone by then has closed the session.
    fetching.catch(() => undefined)
    const wanted = Math.min(chunk.rowCount, options.rowsMax - rowCount)
    encoder.open(chunk)
    for (let from = 0; from < wanted && truncated === null; ) {
      const bytesLeft = options.bytesMax - bytes - encoder.heldBytes
      const written = encoder.append({ from, to: wanted }, bytesLeft)
      from += written
      rowCount += written
      if (written === 0) truncated = 'bytes'
      if (truncated !== null || encoder.heldBytes < pieceBytes) continue
      const piece = encoder.take()
      bytes += piece.length
      yield piece
    }
    if (wanted < chunk.rowCount) truncated ??= 'rows'
    if (truncated) break
  }
  encoder.finish()
  const last = encoder.take()
  bytes += last.length
  if (last.length > 0) yield last
  return { rowCount, bytes, truncated }
}

async function createEncoder({ format, columns, allocate }: EncodeOptions): Promise<ResultEncoder> {
  if (format === 'ndjson') return new NdjsonEncoder(columns, allocate)
  if (format === 'csv') return new CsvEncoder(columns, allocate)
  if (format === 'arrow') {
    // Loaded when first asked for: most of the time of a start would be this library.
    const { ArrowEncoder } = await import('./arrow-encoder.ts')
    return new ArrowEncoder(columns, allocate)
  }
  return new JsonRowsEncoder(columns, allocate)
}
