import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Figure } from '../figures.ts'

const child = fileURLToPath(new URL('./large-child.ts', import.meta.url))
const anonymousMibMax = 200
const overshootMsMax = 20

/** What `large-child.ts page` prints as JSON. */
export interface PagedReport {
  readonly rows: number
  /** Whether each id was there once. */
  readonly isWhole: boolean
  readonly pages: number
  readonly seconds: number
  /** The most of RssAnon that any page left, of the whole process, Node included. */
  readonly anonymousMibMost: number
}

/** What `large-child.ts deadline` prints as JSON: by query, how long it ran past its deadline. */
export type DeadlineReport = Readonly<Record<string, readonly number[]>>

/**
 * A table of `edges` hyperedges, loaded by one process, paged through by a second that knows nothing of
 * it, and scanned past deadlines by a third.
 */
export async function measureLarge(edges: number): Promise<readonly Figure[]> {
  const directory = await mkdtemp(join(tmpdir(), 'hypermesh-bench-'))
  try {
    const graph = join(directory, 'graph')
    console.log(`\n${edges} hyperedges: ${run('load', graph, edges)}`)
    const paged = JSON.parse(run('page', graph, edges)) as PagedReport
    if (paged.rows !== edges || !paged.isWhole) {
      throw new Error(`paging lost or repeated rows: ${JSON.stringify(paged)}`)
    }
    console.log(
      `paged through all: ${paged.pages} pages in ${paged.seconds.toFixed(1)} s, ` +
        `RssAnon at most ${paged.anonymousMibMost.toFixed(0)} MiB`,
    )
    const late = JSON.parse(run('deadline', graph, edges)) as DeadlineReport
    for (const [query, list] of Object.entries(late)) {
      const each = list.map((ms) => ms.toFixed(1)).join(' ')
      console.log(`past its deadline, ${query}: ${each} ms`)
    }
    const worst = Math.max(...Object.values(late).flat())
    return [
      {
        figure: 'page-all-anonymous',
        value: paged.anonymousMibMost,
        unit: 'MiB',
        target: { atMost: anonymousMibMax },
      },
      { figure: 'past-deadline', value: worst, unit: 'ms', target: { atMost: overshootMsMax } },
    ]
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

function run(action: string, graph: string, edges: number): string {
  const { status, stdout } = spawnSync(
    process.execPath,
    ['--import', 'tsx', child, action, graph, String(edges)],
    { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(`the child that was to ${action} ended with ${status}`)
  return stdout.trim()
}
