import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Bench, Figure } from './figures.ts'
import { installPeers } from './install-peers.ts'

const sets = ['clu128', 'clu768', 'fmnist']
const parts = [...sets, 'threads']

/**
 * The vector index against those that people use from Node, on the same data: CPU time, at the first number
 * of candidates that finds 99 % of the true ten neighbors. Each set is a process of its own, on one core.
 *
 *   npm run bench -- vector [--only clu128|clu768|fmnist|threads …]
 */
export const bench: Bench = async () => {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: { only: { type: 'string', multiple: true } },
  })
  const unknown = values.only?.find((part) => !parts.includes(part))
  if (unknown !== undefined) throw new Error(`no part ${unknown}: ${parts.join(', ')}`)
  installPeers(new URL('./vector/peers/', import.meta.url))
  const figures: Figure[] = []
  for (const part of parts.filter((name) => values.only?.includes(name) ?? true)) {
    figures.push(
      ...(await (part === 'threads' ? run('threads-child.ts') : run('set-child.ts', part))),
    )
  }
  return figures
}

/** The figures of a process; what it says before is passed on. */
async function run(script: string, set?: string): Promise<Figure[]> {
  const path = fileURLToPath(new URL(`./vector/${script}`, import.meta.url))
  const node = [process.execPath, '--import', 'tsx', path, ...(set === undefined ? [] : [set])]
  // The last core: the first has the machine's interrupts.
  const pinned = ['taskset', '-c', String(availableParallelism() - 1)]
  const [command = '', ...args] =
    set === undefined || process.platform !== 'linux' ? node : [...pinned, ...node]
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
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
  if (code !== 0) throw new Error(`${script} ${set ?? ''} ended with ${code}`)
  // It is the child's own array.
  return JSON.parse(last) as Figure[]
}
