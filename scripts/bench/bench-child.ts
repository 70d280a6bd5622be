import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onCores } from './cores.ts'
import type { Figure } from './figures.ts'

/**
 * The figures of a script that runs as a process of its own, on some cores or on all. They are the last line
 * of what it says; the rest is passed on.
 */
export async function figuresOf(
  script: URL,
  { args = [], cores }: { readonly args?: readonly string[]; readonly cores?: string } = {},
): Promise<Figure[]> {
  const path = fileURLToPath(script)
  const node: [string, ...string[]] = [process.execPath, '--import', 'tsx', path, ...args]
  const [command, ...rest] = cores === undefined ? node : onCores(cores, node)
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] })
  const exit = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  let last = '[]'
  for await (const line of createInterface(child.stdout)) {
    last = line
    if (!line.startsWith('[')) console.log(line)
  }
  const code = await exit
  if (code !== 0) throw new Error(`${[path, ...args].join(' ')} ended with ${code}`)
  // It is the child's own array.
  return JSON.parse(last) as Figure[]
}
