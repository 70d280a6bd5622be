import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { quantile } from './reads.ts'

const child = fileURLToPath(new URL('./recovery-child.ts', import.meta.url))
const rounds = 5

/**
 * A child loads a base, commits 20,000 hyperedges more in durable batches of 100 and is killed with
 * SIGKILL; another opens what is left and answers one lookup. Median milliseconds of that.
 */
export async function measureOpen(names: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const directories = new Map<string, string>()
  const times = new Map<string, number[]>(names.map((name) => [name, []]))
  try {
    for (const name of names) {
      const directory = await mkdtemp(join(tmpdir(), 'hypermesh-bench-'))
      directories.set(name, directory)
      await killedAt('written', ['write', name, directory])
    }
    for (let round = 0; round < rounds; round++) {
      for (const [name, directory] of directories) {
        // The opener is killed too, so that the next round finds the log as it was.
        const line = await killedAt('opened', ['open', name, directory])
        times.get(name)?.push(Number(line.split(' ')[1]))
      }
    }
  } finally {
    for (const directory of directories.values()) {
      await rm(directory, { recursive: true, force: true })
    }
  }
  return new Map([...times].map(([name, list]) => [name, quantile(list, 0.5)]))
}

async function killedAt(word: string, args: readonly string[]): Promise<string> {
  const process_ = spawn(process.execPath, ['--import', 'tsx', child, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = new Promise((resolve) => process_.once('close', resolve))
  for await (const line of createInterface({ input: process_.stdout })) {
    if (!line.startsWith(word)) continue
    process_.kill('SIGKILL')
    await closed
    return line
  }
  throw new Error(`the child of ${args.join(' ')} ended before it said ${word}`)
}
