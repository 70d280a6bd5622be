import { parseArgs } from 'node:util'
import { figuresOf } from './bench-child.ts'
import { askingCores, measuredCore } from './cores.ts'
import type { Bench, Figure } from './figures.ts'
import { installPeers } from './install-peers.ts'

const sets = ['clu128', 'clu768', 'fmnist', 'text']
const parts = [...sets, 'threads', 'http']

/**
 * The vector index against those that people use from Node, on the same data: CPU time, at the first number
 * of candidates that finds 99 % of the true ten neighbors. Each set is a process of its own, on one core.
 * `http` is the same through the gateway, against hnswlib-node in a process.
 *
 *   npm run bench -- vector [--only clu128|clu768|fmnist|text|threads|http …]
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

function run([script, ...args]: [string, ...string[]], cores?: string): Promise<Figure[]> {
  const from = new URL(`./vector/${script}`, import.meta.url)
  return figuresOf(from, { args, ...(cores === undefined ? {} : { cores }) })
}
