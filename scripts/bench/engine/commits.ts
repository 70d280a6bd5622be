import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { Dataset } from './dataset.ts'

/** As the peers' layouts hold it; real commits touch up to tens of thousands of files. */
const arityMax = 64

interface Commit {
  readonly event_ts: number
  readonly members: readonly string[]
  readonly weight: number
  readonly label: string
  readonly props: { readonly kind: string; readonly subject_len: number; readonly files: number }
}

/** Real hyperedges, one JSON object a line (optionally gzipped): see scripts/bench/engine/README.md. */
export async function commitsOfFile(path: string): Promise<Dataset> {
  const raw = createReadStream(path)
  const text = path.endsWith('.gz') ? raw.pipe(createGunzip()) : raw
  return datasetOf(basename(path), parsedLines(text))
}

/** The same from git repositories: author and files of each commit that is not a merge. */
export async function commitsOfRepositories(directories: readonly string[]): Promise<Dataset> {
  return datasetOf('git log', logsOf(directories))
}

async function* parsedLines(text: Readable): AsyncGenerator<Commit> {
  for await (const line of createInterface({ input: text })) yield JSON.parse(line) as Commit
}

async function* logsOf(directories: readonly string[]): AsyncGenerator<Commit> {
  for (const directory of directories) {
    const label = basename(directory)
    const format = '--pretty=format:%x01%ct%x00%ae%x00%s'
    const git = spawn('git', [
      '-C',
      directory,
      'log',
      '--all',
      '--no-merges',
      '--name-only',
      format,
    ])
    let commit: Commit | undefined
    for await (const line of createInterface({ input: git.stdout })) {
      if (!line.startsWith('\x01')) {
        if (line !== '') (commit?.members as string[] | undefined)?.push(`f:${label}/${line}`)
        continue
      }
      if (commit !== undefined && commit.members.length > 1) yield withFiles(commit)
      const [seconds = '0', author = '', subject = ''] = line.slice(1).split('\x00')
      const hash = createHash('sha256').update(author).digest('hex').slice(0, 12)
      commit = {
        event_ts: Number(seconds) * 1000,
        members: [`a:${hash}`],
        weight: 1,
        label,
        props: { kind: '', subject_len: subject.length, files: 0 },
      }
    }
    if (commit !== undefined && commit.members.length > 1) yield withFiles(commit)
  }
}

function withFiles(commit: Commit): Commit {
  const extension = /\.[^./]*$/.exec(commit.members[1] ?? '')?.[0] ?? ''
  const props = { ...commit.props, files: commit.members.length - 1, kind: extension }
  return { ...commit, props }
}

async function datasetOf(name: string, commits: AsyncIterable<Commit>): Promise<Dataset> {
  const nodes = new Map<string, number>()
  const labels = new Map<string, number>()
  const kinds = new Map<string, number>()
  const numberIn = (known: Map<string, number>, key: string) => {
    const number = known.get(key) ?? known.size
    known.set(key, number)
    return number
  }
  const rows: { readonly commit: Commit; readonly members: readonly number[] }[] = []
  for await (const commit of commits) {
    const members = [...new Set(commit.members)].map((member) => numberIn(nodes, member))
    if (members.length >= 2 && members.length <= arityMax) rows.push({ commit, members })
  }
  const offsets = new Uint32Array(rows.length + 1)
  rows.forEach(({ members }, i) => {
    offsets[i + 1] = (offsets[i] as number) + members.length
  })
  const from = <T>(make: (commit: Commit) => T) => rows.map(({ commit }) => make(commit))
  return {
    name: `commits ${name}`,
    edgeCount: rows.length,
    nodeCount: nodes.size,
    ts: Float64Array.from(from(({ event_ts }) => event_ts * 1000)),
    offsets,
    members: Uint32Array.from(rows.flatMap(({ members }) => members)),
    weight: Float64Array.from(from(({ weight }) => weight)),
    label: Uint16Array.from(from(({ label }) => numberIn(labels, label))),
    kind: Int32Array.from(from(({ props }) => numberIn(kinds, props.kind))),
    qty: Int32Array.from(from(({ props }) => props.files)),
    amt: Float64Array.from(from(({ props }) => props.subject_len)),
  }
}
