import { HyperMeshError, printable } from '@hypermesh/contract'

/** A file of a form. Its bytes are read before the next file is asked for; what is left is dropped. */
export interface FormFile {
  readonly name: string | undefined
  readonly mediaType: string | undefined
  readonly body: AsyncIterable<Uint8Array>
}

const headBytesMax = 16 * 1024

/** The boundary that a `multipart/form-data` content type states. Throws `unsupported_media`. */
export function readBoundary(contentType: string): string {
  const isForm = /^multipart\/form-data\s*(;|$)/i.test(contentType)
  const found = /;\s*boundary\s*=\s*(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType)
  const boundary = found?.[1] ?? found?.[2]
  if (isForm && boundary !== undefined) return boundary
  throw new HyperMeshError(
    'unsupported_media',
    'send the files as multipart/form-data, each as a part with a file name (curl -F file=@a.csv)',
  )
}

/** The files of a form, one after the other as they arrive. Nothing but one chunk is held. */
export async function* readFormFiles(
  chunks: AsyncIterable<Uint8Array>,
  boundary: string,
  filesMax: number,
): AsyncGenerator<FormFile> {
  const form = new FormReader(chunks, boundary)
  await form.skipPart()
  for (let count = 0; await form.nextPart(); count += 1) {
    if (count >= filesMax) {
      throw new HyperMeshError('too_large', `no more than ${filesMax} files at once`, {
        details: { limit: 'ingest_files_max', ingestFilesMax: filesMax },
      })
    }
    yield await form.readFile()
    await form.skipPart()
  }
}

class FormReader {
  readonly #chunks: AsyncIterator<Uint8Array>
  readonly #delimiter: Buffer
  // The first delimiter has no line end before it; with this one all are alike.
  #held: Buffer = Buffer.from('\r\n')
  #inPart = true

  constructor(chunks: AsyncIterable<Uint8Array>, boundary: string) {
    this.#chunks = chunks[Symbol.asyncIterator]()
    this.#delimiter = Buffer.from(`\r\n--${boundary}`)
  }

  /** Behind a delimiter: true where a part begins, false at the end of the form. */
  async nextPart(): Promise<boolean> {
    await this.#need(2)
    const mark = this.#held.subarray(0, 2).toString('latin1')
    if (mark === '--') return false
    const lineEnd = await this.#find(Buffer.from('\r\n'))
    this.#held = this.#held.subarray(lineEnd + 2)
    this.#inPart = true
    return true
  }

  async readFile(): Promise<FormFile> {
    const head = await this.#readHead()
    const disposition = head.get('content-disposition') ?? ''
    const name = fileNameOf(disposition)
    if (name === undefined) {
      const field = /;\s*name="([^"]*)"/i.exec(disposition)?.[1] ?? ''
      throw new HyperMeshError(
        'invalid',
        `the part "${printable(field)}" is no file: options go into the query`,
      )
    }
    const mediaType = head.get('content-type')?.split(';')[0]?.trim().toLowerCase()
    return { name: name === '' ? undefined : name, mediaType, body: this.#body() }
  }

  async skipPart(): Promise<void> {
    for await (const _ of this.#body());
  }

  /** Up to the next delimiter, which is taken as well. */
  async *#body(): AsyncGenerator<Uint8Array> {
    while (this.#inPart) {
      const end = this.#held.indexOf(this.#delimiter)
      if (end >= 0) {
        const last = this.#held.subarray(0, end)
        this.#held = this.#held.subarray(end + this.#delimiter.length)
        this.#inPart = false
        if (last.length > 0) yield last
        return
      }
      // What may be the start of a delimiter waits for the rest of it.
      const safe = Math.max(this.#held.length - this.#delimiter.length + 1, 0)
      const bytes = this.#held.subarray(0, safe)
      this.#held = this.#held.subarray(safe)
      if (bytes.length > 0) yield bytes
      await this.#fill()
    }
  }

  async #readHead(): Promise<Map<string, string>> {
    const lines: string[] = []
    let bytes = 0
    for (;;) {
      const end = await this.#find(Buffer.from('\r\n'))
      const line = this.#held.subarray(0, end).toString('utf8')
      this.#held = this.#held.subarray(end + 2)
      if (line === '') break
      bytes += end
      if (bytes > headBytesMax) throw malformed('the head of a part is too long')
      lines.push(line)
    }
    return new Map(
      lines.map((line) => {
        const colon = line.indexOf(':')
        return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]
      }),
    )
  }

  async #find(bytes: Buffer): Promise<number> {
    for (;;) {
      const at = this.#held.indexOf(bytes)
      if (at >= 0) return at
      if (this.#held.length > headBytesMax) throw malformed('the head of a part is too long')
      await this.#fill()
    }
  }

  async #need(length: number): Promise<void> {
    while (this.#held.length < length) await this.#fill()
  }

  async #fill(): Promise<void> {
    const { done, value } = await this.#chunks.next()
    if (done) throw malformed('it is cut off')
    this.#held = this.#held.length === 0 ? Buffer.from(value) : Buffer.concat([this.#held, value])
  }
}

/** Undefined: the part is no file. Browsers write quotes as %22, others with a backslash. */
function fileNameOf(disposition: string): string | undefined {
  const encoded = /;\s*filename\*=UTF-8''([^;\s]+)/i.exec(disposition)?.[1]
  if (encoded !== undefined) return decodePercent(encoded)
  const quoted = /;\s*filename="((?:[^"\\]|\\.)*)"/i.exec(disposition)?.[1]
  if (quoted !== undefined) return quoted.replace(/\\(.)/g, '$1').replaceAll('%22', '"')
  return /;\s*filename=([^;\s]+)/i.exec(disposition)?.[1]
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw new HyperMeshError('invalid', 'the name of a file in the form is malformed', { cause })
  }
}

function malformed(how: string): HyperMeshError {
  return new HyperMeshError('invalid', `the form is malformed: ${how}`)
}
