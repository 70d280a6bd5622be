import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface ChildEnd {
  /** By SIGKILL. */
  readonly killed: boolean
  readonly printed: string
}

/** Runs a script to its end, or to its kill; throws what it says when it fails. */
export function runChild(script: URL, args: readonly (string | number)[]): Promise<ChildEnd> {
  const node = ['--conditions=hypermesh:source', '--import', 'tsx', fileURLToPath(script)]
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [...node, ...args.map(String)], (error, printed, stderr) => {
      const killed = error?.signal === 'SIGKILL'
      if (error !== null && !killed) reject(new Error(stderr))
      else resolve({ killed, printed })
    })
  })
}
