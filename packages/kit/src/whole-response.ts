export type WholeBody = string | Uint8Array<ArrayBuffer>

export interface WholeInit {
  readonly status?: number
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>
}

/** Status, fields and body as they go out, without the objects of the web that say the same. */
class WholeResponse {
  readonly status: number
  readonly #whole: WholeBody
  /** Until somebody asks for `headers`, which then are what counts. */
  readonly #fields: Record<string, string>
  #headers: Headers | undefined
  #streamed: Response | undefined

  constructor(whole: WholeBody, { status = 200, headers = {} }: WholeInit) {
    this.status = status
    this.#whole = whole
    // A spread takes microseconds where fields are added to it.
    this.#fields = Object.assign({}, headers)
  }

  static bodyOf(response: object): WholeBody | undefined {
    if (!(#whole in response)) return undefined
    return response.#streamed === undefined ? response.#whole : undefined
  }

  static setHeader(response: Response, name: string, value: string): void {
    const own: object = response
    if (#whole in own && own.#headers === undefined) own.#fields[name] = value
    else response.headers.set(name, value)
  }

  static fieldsOf(response: object): Readonly<Record<string, string>> | undefined {
    return #whole in response && response.#headers === undefined ? response.#fields : undefined
  }

  get headers(): Headers {
    this.#headers ??= new Headers(this.#fields)
    return this.#headers
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300
  }

  get statusText(): string {
    return ''
  }

  get type(): Response['type'] {
    return 'default'
  }

  get url(): string {
    return ''
  }

  get redirected(): boolean {
    return false
  }

  get body(): Response['body'] {
    return this.#asStream().body
  }

  get bodyUsed(): boolean {
    return this.#streamed?.bodyUsed ?? false
  }

  clone(): Response {
    return wholeResponse(this.#whole, {
      status: this.status,
      headers: Object.fromEntries(this.headers),
    })
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
    this.#streamed ??= new Response(this.#whole, { headers: this.headers })
    return this.#streamed
  }
}

// To everybody else it is one.
Object.setPrototypeOf(WholeResponse.prototype, Response.prototype)

/**
 * A response whose body is in memory as a whole. It is a stream only for who asks for one: making,
 * metering and reading streams is most of what a small answer costs.
 */
export function wholeResponse(body: WholeBody, init: WholeInit): Response {
  return new WholeResponse(body, init) as unknown as Response
}

/** The body of such a response, while nobody has asked for it as a stream. */
export const wholeBodyOf: (response: Response) => WholeBody | undefined = WholeResponse.bodyOf

/** Sets a header of any response, named in lower case; of such a one without making `headers`. */
export const setHeader: (response: Response, name: string, value: string) => void =
  WholeResponse.setHeader

/** The headers of such a response, while nobody has asked for them as `headers`. */
export const fieldsOf: (response: Response) => Readonly<Record<string, string>> | undefined =
  WholeResponse.fieldsOf
