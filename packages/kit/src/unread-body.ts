import type { IncomingMessage } from 'node:http'

/** What is left of a body after its answer is skipped within these; they close the connection. */
const skippedBytesMax = 64 * 1024 * 1024
const skippingMs = 500

/** Lets a connection that stays open come to its next request, when a body was not read to its end. */
export function skipRest(incoming: IncomingMessage): void {
  if (incoming.destroyed || incoming.readableEnded) return
  let bytes = 0
  const stop = () => {
    clearTimeout(timer)
    incoming.off('data', onData).off('end', stop).off('error', stop).off('close', stop)
  }
  const close = () => {
    stop()
    incoming.socket.destroySoon()
  }
  const onData = (chunk: Uint8Array) => {
    bytes += chunk.length
    if (bytes > skippedBytesMax) close()
  }
  const timer = setTimeout(close, skippingMs)
  timer.unref()
  incoming.on('data', onData).on('end', stop).on('error', stop).on('close', stop)
  incoming.resume()
}
