import { connect, type Socket } from 'node:net'

const headEnd = Buffer.from('\r\n\r\n')
const ok = Buffer.from('HTTP/1.1 200 ')

/**
 * One connection that asks and waits, over and over. By hand over a socket, with requests that are bytes
 * already: a client that costs more than the server would be what is measured.
 */
export class HttpLane implements Disposable {
  readonly #socket: Socket
  #received: Buffer = Buffer.alloc(0)
  #waiting: { resolve: (body: Buffer) => void; reject: (error: Error) => void } | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk) => this.#take(chunk))
    socket.on('error', (error) => this.#waiting?.reject(error))
    socket.on('close', () => this.#waiting?.reject(new Error('the server closed the connection')))
  }

  static open(url: string): Promise<HttpLane> {
    const { hostname, port } = new URL(url)
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new HttpLane(socket))
      })
    })
  }

  /** The body of the answer, which must be a 200 that says how long it is. */
  ask(request: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#socket.write(request)
    })
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    const headBytes = this.#received.indexOf(headEnd)
    if (headBytes < 0) return
    const head = this.#received.toString('latin1', 0, headBytes)
    const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
    const isOk = this.#received.subarray(0, ok.length).equals(ok)
    if (!isOk || length === undefined) {
      this.#waiting?.reject(new Error(`not an answer of known length: ${this.#received}`))
      return
    }
    const from = headBytes + headEnd.length
    const end = from + Number(length)
    if (this.#received.length < end) return
    const body = this.#received.subarray(from, end)
    const waiting = this.#waiting
    this.#received = Buffer.alloc(0)
    this.#waiting = undefined
    waiting?.resolve(body)
  }
}

interface Target {
  readonly url: string
  readonly key: string
  readonly path: string
}

/** A POST as bytes. */
export function requestBytes(
  target: Target,
  { type, accept, body }: { type: string; accept: string; body: Uint8Array },
): Buffer {
  const more = [`content-type: ${type}`, `accept: ${accept}`, `content-length: ${body.length}`]
  return Buffer.concat([headOf('POST', target, more), body])
}

/** A GET of JSON as bytes. */
export function readBytes(target: Target): Buffer {
  return headOf('GET', target, ['accept: application/json'])
}

function headOf(method: string, { url, key, path }: Target, more: readonly string[]): Buffer {
  const head = [
    `${method} ${path} HTTP/1.1`,
    `host: ${new URL(url).host}`,
    `authorization: Bearer ${key}`,
    ...more,
  ]
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n`)
}
