import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { measuredCore, onCores } from '../cores.ts'

/** What the child says of itself once it is built. */
export interface RawPeerReady {
  readonly truth: readonly (readonly number[])[]
  readonly ef: number
  readonly recall: number
}

/** hnswlib-node in a process of its own on the measured core, which rests but when it is asked. */
export class RawPeer implements Disposable {
  readonly ready: Promise<RawPeerReady>
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
    // From the start: it may be ready before anybody asks.
    this.ready = this.#next()
    this.ready.catch(() => undefined)
  }

  static start(set: string): RawPeer {
    const path = fileURLToPath(new URL('./raw-child.ts', import.meta.url))
    const node = [process.execPath, '--import', 'tsx', path, set] as const
    const [command, ...args] = onCores(measuredCore, [...node])
    return new RawPeer(
      spawn(command, args, {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        serialization: 'json',
      }),
    )
  }

  /** Searches for every query so often; CPU seconds of one query. */
  measure(times: number): Promise<number> {
    this.#child.send(times)
    return this.#next()
  }

  [Symbol.dispose](): void {
    this.#child.disconnect()
  }

  #next<Message>(): Promise<Message> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null) => reject(new Error(`raw-child ended with ${code}`))
      this.#child.once('exit', onExit)
      this.#child.once('error', reject)
      this.#child.once('message', (message) => {
        this.#child.off('exit', onExit)
        this.#child.off('error', reject)
        // It is the child's own message, see raw-child.ts.
        resolve(message as Message)
      })
    })
  }
}
