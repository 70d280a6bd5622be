import type { Readable } from 'node:stream'

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
