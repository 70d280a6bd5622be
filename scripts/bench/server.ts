import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient, type HyperMeshClient } from '@hypermesh/client'
import { onCores } from './cores.ts'

const program = fileURLToPath(new URL('../../packages/cli/bin/hypermesh.cjs', import.meta.url))

/** Of Linux, on every machine that Node runs on. */
const ticksPerSecond = 100

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

  /**
   * `env` holds settings, as HYPERMESH_INGEST__THREADS; a `dataDir` that is given is kept. `cores` are the
   * only ones that it may use. With a `logFile` it logs as it does by itself, to there; else errors only.
   */
  static async start(options: {
    readonly env?: Readonly<Record<string, string>>
    readonly dataDir?: string
    readonly cores?: string
    readonly logFile?: string
  }): Promise<BenchServer> {
    const kept = options.dataDir !== undefined
    const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'hypermesh-bench-')))
    const { cores, logFile } = options
    const node: [string, ...string[]] = [process.execPath, program, 'serve', '--data', dataDir]
    node.push('--port', '0', '--json', '--log-level', logFile === undefined ? 'error' : 'info')
    const [command, ...args] = cores === undefined ? node : onCores(cores, node)
    const log = logFile === undefined ? undefined : openSync(logFile, 'a')
    const env = { ...process.env, ...options.env }
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', log ?? 'inherit'] })
    if (log !== undefined) closeSync(log)
    const url = await new Promise<string>((resolve, reject) => {
      let said = ''
      child.stdout?.on('data', (chunk) => {
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

  /** Of all its threads, up to now; of the clock where the system does not tell. */
  async cpuSeconds(): Promise<number> {
    const stat = await readFile(`/proc/${this.#process.pid}/stat`, 'utf8').catch(() => '')
    // Behind the name, which may hold anything but is in parentheses: user and system time, in ticks.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const ticks = Number(fields[11]) + Number(fields[12])
    return Number.isNaN(ticks) ? performance.now() / 1000 : ticks / ticksPerSecond
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#process.once('exit', () => resolve()))
    this.#process.kill('SIGTERM')
    await ended
    if (!this.#kept) await rm(this.dataDir, { recursive: true, force: true })
  }
}
