import { HyperMeshError } from '@hypermesh/contract'

/**
 * Passes a body on and counts it. `onEnd` is called once at least: after the last byte, or with what
 * cut the body short (its own failure, the deadline, a reader that went away).
 */
export function meterBody(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
  onEnd: (bytes: number, failure?: unknown) => void,
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  let bytes = 0
  let onAbort = () => {}
  const end = (failure?: unknown) => {
    signal.removeEventListener('abort', onAbort)
    onEnd(bytes, failure)
  }
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        // Errors the stream, so that a body cut at its deadline is never taken for the whole.
        onAbort = () => {
          controller.error(signal.reason)
          end(signal.reason)
          void reader.cancel(signal.reason).catch(() => undefined)
        }
        if (signal.aborted) onAbort()
        else signal.addEventListener('abort', onAbort, { once: true })
      },
      async pull(controller) {
        try {
          const { done, value } = await reader.read()
          if (signal.aborted) return
          if (done) {
            controller.close()
            end()
          } else {
            bytes += value.byteLength
            controller.enqueue(value)
          }
        } catch (error) {
          if (signal.aborted) return
          controller.error(error)
          end(error)
        }
      },
      async cancel(reason) {
        end(new HyperMeshError('cancelled', 'the client stopped reading', { cause: reason }))
        await reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}
