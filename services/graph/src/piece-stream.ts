import { toGraphError } from './graph-error.ts'

type Pieces = AsyncGenerator<Uint8Array | string, void, undefined>

/**
 * A body of pieces that are made as it is read. The first is made before there is an answer, so that what
 * is wrong with the question is told by its status. Ends at the signal also where its reader stalls: a
 * stream holds a state of the database.
 */
export async function pieceStream(
  pieces: Pieces,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  let next: Promise<IteratorResult<Uint8Array | string, void>> | undefined = pieces.next()
  await next
  const encoder = new TextEncoder()
  const leave = () => pieces.return().catch(() => undefined)
  let onAbort = () => {}
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        onAbort = () => {
          controller.error(signal.reason)
          void leave()
        }
        if (signal.aborted) onAbort()
        else signal.addEventListener('abort', onAbort, { once: true })
      },
      async pull(controller) {
        try {
          const { done, value } = await (next ?? pieces.next())
          next = undefined
          if (!done) {
            const bytes = typeof value === 'string' ? encoder.encode(value) : value
            controller.enqueue(bytes)
            return
          }
          signal.removeEventListener('abort', onAbort)
          controller.close()
        } catch (thrown) {
          signal.removeEventListener('abort', onAbort)
          controller.error(toGraphError(thrown))
        }
      },
      async cancel() {
        signal.removeEventListener('abort', onAbort)
        await leave()
      },
    },
    { highWaterMark: 0 },
  )
}
