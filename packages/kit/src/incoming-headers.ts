import type { IncomingMessage } from 'node:http'

/**
 * The headers of a request as they came, looked up where they lie. The object of the web is made once
 * somebody changes them or asks for all.
 */
class IncomingHeaders {
  readonly #raw: readonly string[]
  #own: Headers | undefined

  constructor({ rawHeaders }: IncomingMessage) {
    this.#raw = rawHeaders
  }

  get(name: string): string | null {
    if (this.#own !== undefined) return this.#own.get(name)
    const raw = this.#raw
    const lower = name.toLowerCase()
    let value: string | null = null
    for (let at = 0; at < raw.length; at += 2) {
      const other = raw[at] as string
      if (other.length !== lower.length || other.toLowerCase() !== lower) continue
      const given = raw[at + 1] as string
      value = value === null ? given : `${value}${lower === 'cookie' ? '; ' : ', '}${given}`
    }
    return value
  }

  has(name: string): boolean {
    return this.get(name) !== null
  }

  append(name: string, value: string): void {
    this.#all.append(name, value)
  }

  set(name: string, value: string): void {
    this.#all.set(name, value)
  }

  delete(name: string): void {
    this.#all.delete(name)
  }

  getSetCookie(): string[] {
    return this.#all.getSetCookie()
  }

  forEach(call: (value: string, name: string, parent: Headers) => void): void {
    this.#all.forEach(call)
  }

  entries() {
    return this.#all.entries()
  }

  keys() {
    return this.#all.keys()
  }

  values() {
    return this.#all.values()
  }

  [Symbol.iterator]() {
    return this.#all.entries()
  }

  get #all(): Headers {
    if (this.#own === undefined) {
      this.#own = new Headers()
      for (let at = 0; at < this.#raw.length; at += 2) {
        this.#own.append(this.#raw[at] as string, this.#raw[at + 1] as string)
      }
    }
    return this.#own
  }
}

// To everybody else it is one.
Object.setPrototypeOf(IncomingHeaders.prototype, Headers.prototype)

export function headersOf(incoming: IncomingMessage): Headers {
  return new IncomingHeaders(incoming) as unknown as Headers
}
