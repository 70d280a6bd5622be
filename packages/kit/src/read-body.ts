import type { IncomingMessage } from 'node:http'
import { HyperMeshError } from '@hypermesh/contract'
import { sourceOf } from './incoming-request.ts'
import type { Ending } from './request-ending.ts'

export interface BodyOptions {
  readonly bytesMax: number
  /** Which limit that is, for the message. */
  readonly limit: string
  readonly signal?: AbortSignal
  /** In place of a signal. */
  readonly ending?: Ending
}

/**
 * The body of a request as chunks, counted on the way: `too_large` past the limit (at once where
 * the declared length tells), `cancelled` when the client goes away, `invalid` when fewer or more
 * bytes came than were declared. Holds one chunk at a time.
 */
export async function* streamBody(
  request: Request,
  options: BodyOptions,
): AsyncGenerator<Uint8Array, void, void> {
  const declared = declaredBytes(request)
  if (declared !== undefined && declared > options.bytesMax) throw tooLarge(options)
  let bytes = 0
  for await (const chunk of chunksOf(request, signalOf(options))) {
    bytes += chunk.byteLength
    if (bytes > options.bytesMax) throw tooLarge(options)
    yield chunk
  }
  if (declared !== undefined && declared !== bytes) {
    throw new HyperMeshError(
      'invalid',
      `the body has ${bytes} bytes where ${declared} were declared`,
    )
  }
}

/** The whole body in memory; for small ones only. */
export async function readBody(request: Request, options: BodyOptions): Promise<Uint8Array> {
  const declared = declaredBytes(request)
  if (declared !== undefined && declared > options.bytesMax) throw tooLarge(options)
  const source = sourceOf(request)
  // A source that is done already can only be asked as a stream, which knows how it ended.
  if (source !== undefined && declared !== undefined && !source.destroyed) {
    const ending = options.ending ?? options.signal
    ending?.throwIfAborted()
    // A small one has mostly come with its head.
    if (source.readableLength === declared) {
      const body = source.read() as Buffer | null
      // To its end, which it comes to only as it is read.
      source.resume()
      return body ?? new Uint8Array()
    }
    return readSource(source, declared, signalOf(options))
  }
  const chunks: Uint8Array[] = []
  for await (const chunk of streamBody(request, options)) chunks.push(chunk)
  return joined(chunks)
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
}

/**
 * The same without a stream of the web between: several times quicker for a small body. The parser of
 * the connection sees to it that exactly what was declared comes.
 */
function readSource(
  source: IncomingMessage,
  declared: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    const leave = () => {
      source.off('data', onData).off('end', onEnd).off('close', onCut).off('error', onCut)
      signal?.removeEventListener('abort', onAbort)
    }
    const onData = (chunk: Uint8Array) => chunks.push(chunk)
    const onEnd = () => {
      leave()
      resolve(joined(chunks))
    }
    const onCut = (cause?: Error) => {
      leave()
      if (signal?.aborted === true) reject(signal.reason)
      else reject(cutShort(cause ?? new Error(`fewer than ${declared} bytes came`)))
    }
    const onAbort = () => {
      leave()
      source.pause()
      reject(signal?.reason)
    }
    source.on('data', onData).on('end', onEnd).on('close', onCut).on('error', onCut)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

function signalOf({ signal, ending }: BodyOptions): AbortSignal | undefined {
  return signal ?? ending?.signal
}

function cutShort(cause: unknown): HyperMeshError {
  return new HyperMeshError('cancelled', 'the body was cut short by the client', {
    cause,
    effect: 'none',
  })
}

async function* chunksOf(
  request: Request,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, void> {
  if (request.body === null) return
  const reader = request.body.getReader()
  // A cancelled reader ends a read that waits for a silent client.
  const onAbort = () => void reader.cancel(signal?.reason).catch(() => undefined)
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    while (true) {
      signal?.throwIfAborted()
      const { done, value } = await read(reader, signal)
      signal?.throwIfAborted()
      if (done) return
      yield value
    }
  } finally {
    signal?.removeEventListener('abort', onAbort)
    await reader.cancel().catch(() => undefined)
  }
}

async function read(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<Awaited<ReturnType<typeof reader.read>>> {
  try {
    return await reader.read()
  } catch (error) {
    signal?.throwIfAborted()
    throw cutShort(error)
  }
}

function declaredBytes(request: Request): number | undefined {
  const text = request.headers.get('content-length')
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

function tooLarge(options: BodyOptions): HyperMeshError {
  return new HyperMeshError(
    'too_large',
    `the body is larger than ${options.bytesMax} bytes, the limit ${options.limit}`,
    { details: { limit: options.limit, bytesMax: options.bytesMax } },
  )
}
