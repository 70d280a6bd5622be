import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'

/**
 * The request with a body that is read only as it is asked for. What the adapter makes of a body,
 * by Readable.toWeb, counts chunks where it should count bytes and so takes gigabytes into memory.
 */
export function withBoundedBody(request: Request, incoming: IncomingMessage): Request {
  const { 'content-length': length, 'transfer-encoding': encoding } = incoming.headers
  const isEmpty = (length === undefined || length === '0') && encoding === undefined
  if (isEmpty || request.method === 'GET' || request.method === 'HEAD') return request
  return new Request(request.url, {
    method: request.method,
    headers: request.headers,
    body: toPulledStream(incoming),
    duplex: 'half',
  })
}

/**
 * Holds nothing itself: the source is read when a reader asks, else the sender has to wait. What is to
 * become of the source when the reader leaves early is the caller's to say.
 */
export function toPulledStream(
  source: Readable,
  onCancel: () => void = () => {},
): ReadableStream<Uint8Array> {
  // Not destroyed by itself: an answer may go out on the same socket.
  const chunks = source.iterator({ destroyOnReturn: false })
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      async cancel() {
        onCancel()
        await chunks.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}
