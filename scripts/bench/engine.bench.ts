import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { commitsOfFile, commitsOfRepositories } from './engine/commits.ts'
import type { Contender } from './engine/contender.ts'
import { contenders } from './engine/contenders.ts'
import { type Dataset, hashOf, orderOf } from './engine/dataset.ts'
import { measureLarge } from './engine/large.ts'
import { measure } from './engine/reads.ts'
import { measureOpen } from './engine/recovery.ts'
import { describeTiming, figuresOf, ours, ratio } from './engine/report.ts'
import { synthetic } from './engine/synthetic.ts'
import {
  bytesTarget,
  commitTargets,
  inFlightTarget,
  loadTarget,
  openTarget,
} from './engine/targets.ts'
import { workloadsOf } from './engine/workload.ts'
import { describeCommits, measureCommits, measureInFlight } from './engine/writes.ts'
import type { Bench, Figure } from './figures.ts'
import { installPeers } from './install-peers.ts'

const largeFrom = 3_000_000
const parts = ['reads', 'writes', 'open', 'large']
const usage = `npm run bench -- engine [--edges N] [--commits FILE] [--repository DIR …]
    [--only reads|writes|open|large] [--workload NAME …] [--peer NAME …] [--large-edges N]`

/**
 * The engine against the databases that people use by hand for this, on the same data through their
 * public JavaScript interfaces: scripts/bench/engine/README.md says what is asked and how.
 */
export const bench: Bench = async () => {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: {
      edges: { type: 'string', default: '1000000' },
      'large-edges': { type: 'string', default: '10000000' },
      commits: { type: 'string' },
      repository: { type: 'string', multiple: true },
      only: { type: 'string' },
      workload: { type: 'string', multiple: true },
      peer: { type: 'string', multiple: true },
    },
  })
  if (values.only !== undefined && !parts.includes(values.only)) {
    throw new Error(`usage: ${usage}`)
  }
  const unknown = values.peer?.find((name) => !Object.hasOwn(contenders, name))
  if (unknown !== undefined) throw new Error(`no peer ${unknown}: ${Object.keys(contenders)}`)
  installPeers(new URL('./peers/', import.meta.url))
  const edges = Number(values.edges)
  const wants = (part: string) => values.only === undefined || values.only === part
  const figures: Figure[] = []
  if (wants('reads')) {
    figures.push(...(await reads(synthetic(edges, edges / 5), `s${edges / 1e6}m`, values)))
    const real = await realData(values)
    if (real !== undefined) figures.push(...(await reads(real, 'commits', values)))
  }
  if (wants('writes')) figures.push(...(await writes(values)))
  if (wants('open')) figures.push(await opens())
  if (wants('large')) figures.push(...(await measureLarge(Number(values['large-edges']))))
  return figures
}

async function realData(values: {
  readonly commits?: string | undefined
  readonly repository?: readonly string[] | undefined
}): Promise<Dataset | undefined> {
  if (values.commits !== undefined) return commitsOfFile(values.commits)
  if (values.repository !== undefined) return commitsOfRepositories(values.repository)
  console.log('no real data: give --commits FILE, or --repository DIR for each git repository')
  return undefined
}

/** Which of them; all unless said. */
interface Wanted {
  readonly workload?: readonly string[] | undefined
  readonly peer?: readonly string[] | undefined
}

async function reads(data: Dataset, prefix: string, wanted: Wanted): Promise<Figure[]> {
  const { edgeCount, nodeCount, members } = data
  console.log(
    `\n${data.name}: ${edgeCount} hyperedges, ${nodeCount} nodes, ${members.length} memberships, ` +
      `sha256 ${hashOf(data)}`,
  )
  return withContenders(wanted, async (open) => {
    const loads = new Map<string, readonly number[]>()
    const bytes = new Map<string, readonly number[]>()
    for (const { contender, directory } of open) {
      await contender.prepare?.(data)
      const began = performance.now()
      await contender.load(data)
      const ms = performance.now() - began
      const perEdge = (await bytesIn(directory)) / edgeCount
      console.log(
        `${contender.name}: load ${(ms / 1000).toFixed(2)} s, ${perEdge.toFixed(1)} B/hyperedge; ` +
          contender.settings,
      )
      loads.set(contender.name, [ms])
      bytes.set(contender.name, [perEdge])
    }
    const unit = '× best peer'
    const figures: Figure[] = [
      { figure: `${prefix}-load`, value: ratio(loads, 0.5), unit, target: { atLeast: loadTarget } },
      {
        figure: `${prefix}-bytes`,
        value: ratio(bytes, 0.5),
        unit: '× smaller than the best peer',
        target: { atLeast: bytesTarget },
      },
    ]
    const all = open.map(({ contender }) => contender)
    for (const workload of workloadsOf(data, orderOf(data))) {
      if (wanted.workload?.includes(workload.name) === false) continue
      if (workload.withoutIndexes) {
        for (const contender of all) await contender.dropIndexes?.()
      }
      const timing = await measure(all, workload)
      console.log(describeTiming(timing))
      figures.push(...figuresOf(timing, prefix, edgeCount >= largeFrom ? 'large' : 'usual'))
    }
    return figures
  })
}

async function writes(wanted: Wanted): Promise<Figure[]> {
  const base = 200_000
  const data = synthetic(base + 200_000, 80_000)
  const loaded = { ...data, edgeCount: base }
  console.log(`\ndurable commits into ${base} hyperedges, sha256 ${hashOf(data)}`)
  return withContenders(wanted, async (open) => {
    for (const { contender } of open) {
      await contender.prepare?.(loaded)
      await contender.load(loaded)
    }
    const all = open.map(({ contender }) => contender)
    const figures: Figure[] = []
    for (const commits of await measureCommits(all, { data, from: base })) {
      console.log(describeCommits(commits))
      const value = ratio(commits.times, 0.5)
      const target = { atLeast: commitTargets[commits.size] ?? 1 }
      figures.push({ figure: `commit-${commits.size}`, value, unit: '× best peer', target })
    }
    const from = base + 120_000
    for (const [place, contender] of all.entries()) {
      // Single commits of the slower ones take long: they get fewer.
      const count = place === 0 ? 60_000 : 5000
      const rate = await measureInFlight(contender, { data, from, count }, 256)
      console.log(`256 in flight, ${contender.name}: ${rate.toFixed(0)} durable hyperedges/s`)
      if (contender.name !== ours) continue
      const target = { atLeast: inFlightTarget }
      figures.push({ figure: 'in-flight-256', value: rate, unit: 'hyperedges/s', target })
    }
    return figures
  })
}

async function opens(): Promise<Figure> {
  const times = await measureOpen(['HyperMesh', 'SQLite', 'LMDB'])
  const each = [...times].map(([name, ms]) => `${name} ${ms.toFixed(1)} ms`)
  console.log(`\nopen and first answer after a kill, 20,000 unflushed: ${each.join('  ')}`)
  const value = (times.get('SQLite') ?? Number.NaN) / (times.get(ours) ?? Number.NaN)
  return { figure: 'open-after-kill', value, unit: '× SQLite', target: { atLeast: openTarget } }
}

async function withContenders<T>(
  { peer }: Wanted,
  run: (
    open: readonly { readonly contender: Contender; readonly directory: string }[],
  ) => Promise<T>,
): Promise<T> {
  const open: { readonly contender: Contender; readonly directory: string }[] = []
  try {
    for (const [name, make] of Object.entries(contenders)) {
      if (name !== ours && peer?.includes(name) === false) continue
      const directory = await mkdtemp(join(tmpdir(), 'hypermesh-bench-'))
      open.push({ contender: await make(directory), directory })
    }
    return await run(open)
  } finally {
    for (const { contender, directory } of open) {
      await contender.close()
      await rm(directory, { recursive: true, force: true })
    }
  }
}

async function bytesIn(directory: string): Promise<number> {
  const names = await readdir(directory, { recursive: true })
  const sizes = await Promise.all(
    names.map(async (name) => {
      const file = await stat(join(directory, name))
      // What is on the disk: preallocated space that is not used yet is not counted by its length.
      return file.isFile() ? file.blocks * 512 : 0
    }),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
