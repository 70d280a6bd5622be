import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'

/**
 * The adapter's request, with a body that is read only as it is asked for. What the adapter makes of a
 * body, by Readable.toWeb, counts chunks where it should count bytes and so takes gigabytes into memory.
 * A request with a stream is made when somebody asks for one: small bodies are read from their source.
 */
class BoundedRequest {
  readonly #request: Request
  readonly #incoming: IncomingMessage
  #streamed: Request | undefined

  constructor(request: Request, incoming: IncomingMessage) {
    this.#request = request
    this.#incoming = incoming
  }

  /** Where the body comes from, while nobody has asked for it as a stream. */
  static sourceOf(request: object): IncomingMessage | undefined {
    if (!(#incoming in request)) return undefined
    return request.#streamed === undefined ? request.#incoming : undefined
  }

  get method(): string {
    return this.#request.method
  }

  get url(): string {
    return this.#request.url
  }

  get headers(): Headers {
    return this.#request.headers
  }

  get signal(): AbortSignal {
    return this.#asStream().signal
  }

  get body(): Request['body'] {
    return this.#asStream().body
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
    this.#streamed ??= new Request(this.url, {
      method: this.method,
      headers: this.headers,
      body: toPulledStream(this.#incoming),
      duplex: 'half',
    })
    return this.#streamed
  }
}

// To everybody else it is one.
Object.setPrototypeOf(BoundedRequest.prototype, Request.prototype)

export function withBoundedBody(request: Request, incoming: IncomingMessage): Request {
  const { 'content-length': length, 'transfer-encoding': encoding } = incoming.headers
  const isEmpty = (length === undefined || length === '0') && encoding === undefined
  if (isEmpty || request.method === 'GET' || request.method === 'HEAD') return request
  return new BoundedRequest(request, incoming) as unknown as Request
}

export const sourceOf: (request: Request) => IncomingMessage | undefined = BoundedRequest.sourceOf

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
