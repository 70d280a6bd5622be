import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { measuredCore, onCores } from '../cores.ts'

interface Measured {
  readonly rows: number
  readonly bytes: number
  readonly ms: number
}

/** The engine in a process of its own on the measured core, which rests but when it is asked. */
export class RawEngine implements Disposable {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  static async start(directory: string): Promise<RawEngine> {
    const path = fileURLToPath(new URL('./raw-child.ts', import.meta.url))
    const node = [process.execPath, '--import', 'tsx', path, directory] as const
    const [command, ...args] = onCores(measuredCore, [...node])
    const engine = new RawEngine(
      spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
    )
    await engine.#next()
    return engine
  }

  measure(): Promise<Measured> {
    this.#child.send({})
    return this.#next()
  }

  [Symbol.dispose](): void {
    if (this.#child.connected) this.#child.disconnect()
  }

  #next<Message>(): Promise<Message> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null) => reject(new Error(`raw-child ended with ${code}`))
      this.#child.once('exit', onExit)
      this.#child.once('message', (message) => {
        this.#child.off('exit', onExit)
        // It is the child's own message, see raw-child.ts.
        resolve(message as Message)
      })
    })
  }
}
