import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Runs a script to its end, or to its kill; returns what it had printed. */
export function runChild(script: URL, args: readonly (string | number)[]): Promise<string> {
  const flags = ['--import', 'tsx/esm', '--conditions=hypermesh:source', fileURLToPath(script)]
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [...flags, ...args.map(String)], (error, stdout, stderr) => {
      if (error === null || error.signal === 'SIGKILL') resolve(stdout)
      else reject(new Error(`the child failed: ${stderr}`))
    })
  })
}
