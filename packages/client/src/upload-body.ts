/** What may be sent as a file. Streams and iterables are read once, so they are never retried. */
export type UploadBody =
  | string
  | Uint8Array
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>

/** What `fetch` takes, by whichever platform's types are there. */
export type FetchBody = NonNullable<RequestInit['body']>

export function isReplayable(body: UploadBody): boolean {
  return typeof body === 'string' || body instanceof Uint8Array || body instanceof Blob
}

/** The body as `fetch` takes it. */
export function toFetchBody(body: UploadBody): FetchBody {
  if (typeof body === 'string' || body instanceof Blob || body instanceof ReadableStream) {
    return body as FetchBody
  }
  // TypeScript tells buffers apart by what backs them; fetch does not.
  if (body instanceof Uint8Array) return body as Uint8Array<ArrayBuffer>
  const chunks = body[Symbol.asyncIterator]()
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await chunks.next()
      if (next.done) controller.close()
      else controller.enqueue(next.value)
    },
    async cancel() {
      await chunks.return?.()
    },
  })
}
