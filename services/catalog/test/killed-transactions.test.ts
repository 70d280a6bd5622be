import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { childProgram } from '@hypermesh/testing'
import { expect, test } from 'vitest'
import { openCatalog, schema, withDirectory } from './_catalog.ts'

const child = new URL('_transaction-child.ts', import.meta.url)
const writers = ['left', 'right'] as const

/** Runs two processes until each has had so many replies; returns the last that each has had. */
async function runAndKill(
  root: string,
  replies: number,
): Promise<Readonly<Record<string, number>>> {
  const acknowledged: Record<string, number> = {}
  const program = await childProgram(child)
  const running = writers.map((property) => {
    const process_ = spawn(process.execPath, [program, root, property], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let count = 0
    const enough = new Promise<void>((resolve, reject) => {
      const lines = createInterface({ input: process_.stdout })
      lines.on('line', (line) => {
        acknowledged[property] = Number(line)
        count += 1
        if (count >= replies) resolve()
      })
      process_.on('exit', () => reject(new Error(`${property} ended by itself`)))
    })
    return { process_, enough, closed: once(process_.stdout, 'close') }
  })
  try {
    await Promise.all(running.map(({ enough }) => enough))
  } finally {
    for (const { process_ } of running) process_.kill('SIGKILL')
    await Promise.all(running.map(({ closed }) => closed))
  }
  return acknowledged
}

test(
  'two processes that are killed amid transactions leave both tables alike, and all that was acknowledged',
  () =>
    withDirectory(async (root) => {
      {
        await using catalog = await openCatalog(root)
        await catalog.client.createNamespace({ namespace: ['n'] })
        for (const name of ['a', 'b']) await catalog.client.createTable('n', { name, schema })
      }
      for (const replies of [1, 4, 9, 23]) {
        const acknowledged = await runAndKill(root, replies)
        await using catalog = await openCatalog(root)
        const [a, b] = await Promise.all(
          ['n.a', 'n.b'].map(async (table) => (await catalog.client.loadTable(table)).metadata),
        )
        for (const property of writers) {
          const now = Number(a?.properties?.[property])
          expect(b?.properties?.[property]).toBe(String(now))
          const last = acknowledged[property] ?? 0
          expect(now === last || now === last + 1, `${property}: ${now} after ${last}`).toBe(true)
        }
      }
    }),
  240_000,
)
