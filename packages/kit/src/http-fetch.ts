import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { Readable } from 'node:stream'
import type { ReadableStream as WebStream } from 'node:stream/web'
import { toPulledStream } from './pulled-stream.ts'

/**
 * `fetch` over node:http. The built-in one gives up when an answer takes five minutes, which a
 * large load may, and loses an answer that arrives while the upload still runs.
 */
export function createHttpFetch(): (request: Request) => Promise<Response> {
  const plain = new HttpAgent({ keepAlive: true })
  const secure = new HttpsAgent({ keepAlive: true })
  return (request) =>
    new Promise<Response>((resolve, reject) => {
      const { signal, method } = request
      const url = new URL(request.url)
      const options = { method, signal, headers: Object.fromEntries(request.headers) }
      const outgoing =
        url.protocol === 'https:'
          ? httpsRequest(url, { ...options, agent: secure })
          : httpRequest(url, { ...options, agent: plain })
      const body = request.body && Readable.fromWeb(request.body as WebStream<Uint8Array>)
      outgoing.on('error', reject)
      outgoing.on('response', (incoming) => {
        if (body && !outgoing.writableFinished) stopSending(body, outgoing, incoming)
        // Thrown here, an answer that is none (of status 999) would end the process.
        try {
          resolve(toResponse(incoming, method))
        } catch (error) {
          incoming.destroy()
          reject(error)
        }
      })
      if (body) {
        body.on('error', (error) => outgoing.destroy(error))
        body.pipe(outgoing)
      } else {
        outgoing.end()
      }
    })
}

/** The server has answered before it read everything: the rest is of no use to it. */
function stopSending(body: Readable, outgoing: ClientRequest, incoming: IncomingMessage): void {
  body.unpipe(outgoing)
  body.destroy()
  incoming.on('end', () => outgoing.destroy())
}

function toResponse(incoming: IncomingMessage, method: string): Response {
  const status = incoming.statusCode ?? 502
  const headers = new Headers()
  for (let index = 0; index + 1 < incoming.rawHeaders.length; index += 2) {
    headers.append(incoming.rawHeaders[index] ?? '', incoming.rawHeaders[index + 1] ?? '')
  }
  const isEmpty = method === 'HEAD' || status === 204 || status === 205 || status === 304
  if (isEmpty) incoming.resume()
  // A reader that leaves early gives up the connection: what is left of the answer is not awaited.
  const body = isEmpty ? null : toPulledStream(incoming, () => incoming.destroy())
  return new Response(body, { status, headers })
}
