import type { UploadBody } from './upload-body.ts'

/** A file of a form. */
export interface NamedFile {
  /** Its endings tell format and packing. */
  readonly name: string
  readonly body: UploadBody
}

export interface FormBody {
  readonly contentType: string
  readonly body: AsyncIterable<Uint8Array>
}

/** The files as multipart/form-data, sent as they are read. */
export function toFormBody(files: Iterable<NamedFile>): FormBody {
  const boundary = `hypermesh-${crypto.randomUUID()}`
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    body: writeForm(files, boundary),
  }
}

async function* writeForm(
  files: Iterable<NamedFile>,
  boundary: string,
): AsyncGenerator<Uint8Array> {
  const text = new TextEncoder()
  for (const { name, body } of files) {
    // As browsers write it: a quote or a line break would end the name.
    const quoted = name.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
    yield text.encode(
      `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${quoted}"\r\n\r\n`,
    )
    yield* bytesOf(body)
    yield text.encode('\r\n')
  }
  yield text.encode(`--${boundary}--\r\n`)
}

async function* bytesOf(body: UploadBody): AsyncGenerator<Uint8Array> {
  if (typeof body === 'string') yield new TextEncoder().encode(body)
  else if (body instanceof Uint8Array) yield body
  else if (Symbol.asyncIterator in body) yield* body
  else yield* readAll(body instanceof Blob ? body.stream() : body)
}

/** Not every browser can iterate over a stream. */
async function* readAll(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel()
  }
}
