import type { IncomingMessage } from 'node:http'
import { headersOf } from './incoming-headers.ts'
import { toPulledStream } from './pulled-stream.ts'
import { urlOf } from './request-target.ts'

/**
 * A request as it came, in the form of the web. Its body is read only as it is asked for, and a request
 * with a stream is made when somebody asks for one: small bodies are read from their source.
 */
class IncomingRequest {
  readonly method: string
  readonly url: string
  readonly headers: Headers
  /** Undefined: it has no body. */
  readonly #source: IncomingMessage | undefined
  #streamed: Request | undefined

  constructor(incoming: IncomingMessage) {
    this.method = incoming.method ?? 'GET'
    this.url = urlOf(incoming)
    this.headers = headersOf(incoming)
    this.#source = hasBody(incoming) ? incoming : undefined
  }

  /** Where the body comes from, while nobody has asked for it as a stream. */
  static sourceOf(request: object): IncomingMessage | undefined {
    return #source in request && request.#streamed === undefined ? request.#source : undefined
  }

  get signal(): AbortSignal {
    return this.#asStream().signal
  }

  get body(): Request['body'] {
    return this.#source === undefined ? null : this.#asStream().body
  }

  get bodyUsed(): boolean {
    return this.#streamed?.bodyUsed ?? false
  }

  clone(): Request {
    return this.#asStream().clone()
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#asStream().arrayBuffer()
  }

  blob(): ReturnType<Request['blob']> {
    return this.#asStream().blob()
  }

  formData(): ReturnType<Request['formData']> {
    return this.#asStream().formData()
  }

  json(): Promise<unknown> {
    return this.#asStream().json()
  }

  text(): Promise<string> {
    return this.#asStream().text()
  }

  #asStream(): Request {
    const { method, url, headers } = this
    const body = this.#source === undefined ? null : toPulledStream(this.#source)
    this.#streamed ??= new Request(url, { method, headers, body, duplex: 'half' })
    return this.#streamed
  }
}

// To everybody else it is one.
Object.setPrototypeOf(IncomingRequest.prototype, Request.prototype)

export function hasBody({ method, headers }: IncomingMessage): boolean {
  if (method === 'GET' || method === 'HEAD') return false
  const length = headers['content-length']
  return (length !== undefined && length !== '0') || headers['transfer-encoding'] !== undefined
}

/** Throws `invalid` where the request names nothing that could be asked for. */
export function incomingRequest(incoming: IncomingMessage): Request {
  return new IncomingRequest(incoming) as unknown as Request
}

export const sourceOf: (request: Request) => IncomingMessage | undefined = IncomingRequest.sourceOf
