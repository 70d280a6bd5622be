import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { planSplit } from './_split.ts'

/** The program as it is shipped. */
export const program = fileURLToPath(new URL('../packages/cli/bin/hypermesh.cjs', import.meta.url))
/** Real files in many formats. */
export const samples = fileURLToPath(new URL('../node_modules/vega-datasets/data', import.meta.url))

export interface ServerOptions {
  /** Start on what another server has left behind. */
  readonly dataDir?: string
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export type RequestBody = NonNullable<RequestInit['body']>

export interface Receipt {
  readonly result: string
  readonly rows: number
  readonly snapshotId: number
  readonly schemaChanges: readonly { readonly kind: string }[]
}

export interface SqlReply {
  readonly columns: readonly { readonly name: string; readonly type: string }[]
  readonly rows: readonly (readonly unknown[])[]
  readonly rowCount: number
  readonly truncated: string | null
  readonly snapshots: Readonly<Record<string, number>>
}

export interface ErrorReply {
  readonly error: { readonly code: string; readonly message: string }
}

/** The JSON of a reply, in the form that the test expects and then checks. */
export async function json<T = Record<string, unknown>>(response: Response): Promise<T> {
  return (await response.json()) as T
}

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A running `hypermesh serve`. */
export class Server implements AsyncDisposable {
  readonly url: string
  readonly key: string
  readonly dataDir: string
  readonly process: ChildProcess
  readonly #front: Launched
  readonly #parts: readonly Launched[]

  private constructor(started: {
    url: string
    key: string
    dataDir: string
    front: Launched
    parts: readonly Launched[]
  }) {
    this.url = started.url
    this.key = started.key
    this.dataDir = started.dataDir
    this.process = started.front.child
    this.#front = started.front
    this.#parts = started.parts
  }

  /**
   * Starts it on a free port and waits until it says that it is ready. With HYPERMESH_TOPOLOGY=split
   * in the environment: as three processes, of which this is the one with the gateway.
   */
  static async start(options: ServerOptions = {}): Promise<Server> {
    const dataDir = options.dataDir ?? (await temporaryDirectory())
    const isSplit = process.env.HYPERMESH_TOPOLOGY === 'split'
    const split = isSplit ? await planSplit() : undefined
    const serve = (target: readonly string[], env: Readonly<Record<string, string>> = {}) =>
      launch(['serve', '--data', dataDir, '--port', '0', ...target, ...(options.args ?? [])], {
        ...options.env,
        ...env,
      })
    const front = serve(split?.front.args ?? [], split?.front.env)
    const parts = (split?.parts ?? []).map((part) => serve(part.args, part.env))
    const [url = ''] = await Promise.all([front, ...parts].map(readyAt)).catch(async (error) => {
      for (const { child } of [front, ...parts]) child.kill('SIGKILL')
      throw error
    })
    const key = await readFile(join(dataDir, 'keys', 'admin.key'), 'utf8').catch(() => '')
    return new Server({ url, key: key.trim(), dataDir, front, parts })
  }

  get processCount(): number {
    return 1 + this.#parts.length
  }

  get log(): string {
    return [this.#front, ...this.#parts].map(({ output }) => output().stderr).join('')
  }

  /** Sends a request with the admin key; `headers` may name another one. */
  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    if (!headers.has('authorization')) headers.set('authorization', `Bearer ${this.key}`)
    return fetch(`${this.url}${path}`, { ...init, headers })
  }

  /** A JSON request; throws the status and code of an error. Undefined where there is nothing to say. */
  async ask<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await this.fetch(path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headers: { 'content-type': 'application/json' },
    })
    if (response.status === 204) return undefined as T
    const reply = await json<T & ErrorReply>(response)
    if (!response.ok) throw new Error(`${response.status} ${reply.error.code}`)
    return reply
  }

  /** Loads text or bytes into a table and returns the receipt. */
  async load(table: string, body: string | Uint8Array, query = 'format=csv'): Promise<Receipt> {
    const init = { method: 'PUT', body: body as RequestBody }
    const response = await this.fetch(`/v1/ingest/${table}?${query}`, init)
    if (!response.ok) throw new Error(await response.text())
    return json<Receipt>(response)
  }

  /** Runs a statement; returns the reply of the platform. */
  async sql(sql: string, more: Record<string, unknown> = {}): Promise<SqlReply> {
    const response = await this.fetch('/v1/sql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ sql, ...more }),
    })
    if (!response.ok) throw new Error(await response.text())
    return json<SqlReply>(response)
  }

  /** Runs a `hypermesh` command against this server. */
  command(args: readonly string[], options: { input?: string } = {}): Promise<Ended> {
    return hypermesh(['--data', this.dataDir, ...args], options)
  }

  /** Stops as Ctrl-C does; the data stays. */
  async stop(): Promise<number | null> {
    // Those that need others first.
    for (const part of this.#parts) await end(part, 'SIGINT')
    return await end(this.#front, 'SIGINT')
  }

  async kill(): Promise<void> {
    await Promise.all([this.#front, ...this.#parts].map((part) => end(part, 'SIGKILL')))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await rm(this.dataDir, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Runs a command to its end. */
export async function hypermesh(
  args: readonly string[],
  options: { input?: string; env?: Readonly<Record<string, string>>; cwd?: string } = {},
): Promise<Ended> {
  const { child, output, ended } = launch(args, options.env, options.cwd)
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(options.input ?? '')
  const code = await ended
  return { ...output(), code }
}

export function temporaryDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'hypermesh-smoke-'))
}

type Launched = ReturnType<typeof launch>

async function end({ child, ended }: Launched, signal: NodeJS.Signals): Promise<number | null> {
  child.kill(signal)
  return await ended
}

function readyAt({ child, output, ended }: Launched): Promise<string> {
  return new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', () => {
      const found = /ready at (\S+)/.exec(output().stdout)?.[1]
      if (found) resolve(found)
    })
    ended.then((code) => reject(new Error(`serve ended with ${code}:\n${output().stderr}`)), reject)
  })
}

function launch(args: readonly string[], env: Readonly<Record<string, string>> = {}, cwd?: string) {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: cwd ?? tmpdir(),
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code))
  })
  return { child, output: () => ({ code: null, stdout, stderr }), ended }
}
