import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient, type HyperMeshClient } from '@hypermesh/client'

const program = fileURLToPath(new URL('../../packages/cli/bin/hypermesh.cjs', import.meta.url))

/** The built program as a process of its own, on a directory that is removed at the end. */
export class BenchServer implements AsyncDisposable {
  readonly url: string
  readonly key: string
  readonly client: HyperMeshClient
  readonly dataDir: string
  readonly #process: ChildProcess
  readonly #kept: boolean

  private constructor(started: {
    url: string
    key: string
    dataDir: string
    child: ChildProcess
    kept: boolean
  }) {
    this.url = started.url
    this.key = started.key
    this.client = createClient({ url: started.url, key: started.key })
    this.dataDir = started.dataDir
    this.#process = started.child
    this.#kept = started.kept
  }

  /** `env` holds settings, as HYPERMESH_INGEST__THREADS; a `dataDir` that is given is kept. */
  static async start(options: {
    readonly env?: Readonly<Record<string, string>>
    readonly dataDir?: string
  }): Promise<BenchServer> {
    const kept = options.dataDir !== undefined
    const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'hypermesh-bench-')))
    const child = spawn(
      process.execPath,
      [program, 'serve', '--data', dataDir, '--port', '0', '--json', '--log-level', 'error'],
      { env: { ...process.env, ...options.env }, stdio: ['ignore', 'pipe', 'inherit'] },
    )
    const url = await new Promise<string>((resolve, reject) => {
      let said = ''
      child.stdout.on('data', (chunk) => {
        said += String(chunk)
        const line = said.split('\n').find((text) => text.includes('"url"'))
        if (line !== undefined) resolve((JSON.parse(line) as { url: string }).url)
      })
      child.once('error', reject)
      child.once('exit', (code) => reject(new Error(`serve ended with ${code}`)))
    })
    const key = (await readFile(join(dataDir, 'keys', 'admin.key'), 'utf8')).trim()
    return new BenchServer({ url, key, dataDir, child, kept })
  }

  /** A request with the admin key. */
  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    headers.set('authorization', `Bearer ${this.key}`)
    return fetch(`${this.url}${path}`, { ...init, headers })
  }

  /** The most resident memory so far, in bytes; undefined where the system does not tell. */
  async peakResidentBytes(): Promise<number | undefined> {
    const status = await readFile(`/proc/${this.#process.pid}/status`, 'utf8').catch(() => '')
    const kib = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]
    return kib === undefined ? undefined : Number(kib) * 1024
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#process.once('exit', () => resolve()))
    this.#process.kill('SIGTERM')
    await ended
    if (!this.#kept) await rm(this.dataDir, { recursive: true, force: true })
  }
}
