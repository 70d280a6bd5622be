export type WholeBody = string | Uint8Array<ArrayBuffer>

// Its members are properties to TypeScript, which so would not let a class have accessors for them.
const Base = Response as unknown as new (
  body: null,
  init: ResponseInit,
) => {
  readonly status: number
  readonly headers: Headers
}

class WholeResponse extends Base {
  readonly #whole: WholeBody
  #streamed: Response | undefined

  constructor(whole: WholeBody, init: ResponseInit) {
    super(null, init)
    this.#whole = whole
  }

  static bodyOf(response: object): WholeBody | undefined {
    if (!(#whole in response)) return undefined
    return response.#streamed === undefined ? response.#whole : undefined
  }

  get body(): Response['body'] {
    return this.#asStream().body
  }

  get bodyUsed(): boolean {
    return this.#streamed?.bodyUsed ?? false
  }

  clone(): Response {
    const { status, headers } = this
    return wholeResponse(this.#whole, { status, headers })
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#asStream().arrayBuffer()
  }

  blob(): ReturnType<Response['blob']> {
    return this.#asStream().blob()
  }

  formData(): ReturnType<Response['formData']> {
    return this.#asStream().formData()
  }

  json(): Promise<unknown> {
    return this.#asStream().json()
  }

  text(): Promise<string> {
    return this.#asStream().text()
  }

  #asStream(): Response {
    this.#streamed ??= new Response(this.#whole)
    return this.#streamed
  }
}

/**
 * A response whose body is in memory as a whole. It is a stream only for who asks for one: making,
 * metering and reading streams is most of what a small answer costs.
 */
export function wholeResponse(body: WholeBody, init: ResponseInit): Response {
  return new WholeResponse(body, init) as unknown as Response
}

/** The body of such a response, while nobody has asked for it as a stream. */
export const wholeBodyOf: (response: Response) => WholeBody | undefined = WholeResponse.bodyOf
