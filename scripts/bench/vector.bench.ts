import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { askingCores, measuredCore, onCores } from './cores.ts'
import type { Bench, Figure } from './figures.ts'
import { installPeers } from './install-peers.ts'

const sets = ['clu128', 'clu768', 'fmnist']
const parts = [...sets, 'threads', 'http']

/**
 * The vector index against those that people use from Node, on the same data: CPU time, at the first number
 * of candidates that finds 99 % of the true ten neighbors. Each set is a process of its own, on one core.
 * `http` is the same through the gateway, against hnswlib-node in a process.
 *
 *   npm run bench -- vector [--only clu128|clu768|fmnist|threads|http …]
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
    figures.push(...(await runPart(part)))
  }
  return figures
}

async function runPart(part: string): Promise<Figure[]> {
  if (part === 'threads') return run(['threads-child.ts'])
  if (part !== 'http') return run(['set-child.ts', part], measuredCore)
  const figures: Figure[] = []
  for (const set of ['clu128', 'clu768']) {
    figures.push(...(await run(['http-child.ts', set], askingCores)))
  }
  return figures
}

/** The figures of a process; what it says before is passed on. */
async function run([script, ...set]: [string, ...string[]], cores?: string): Promise<Figure[]> {
  const path = fileURLToPath(new URL(`./vector/${script}`, import.meta.url))
  const node: [string, ...string[]] = [process.execPath, '--import', 'tsx', path, ...set]
  const [command, ...args] = cores === undefined ? node : onCores(cores, node)
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
  if (code !== 0) throw new Error(`${script} ${set} ended with ${code}`)
  // It is the child's own array.
  return JSON.parse(last) as Figure[]
}
