import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

export interface Finding {
  readonly path: string
  /** From 1. */
  readonly line: number
  /** What is wrong, and what to do instead. */
  readonly message: string
  /** Printed, and fails nothing. */
  readonly isWarning?: boolean
}

/** The files of the repository: by path, their text; undefined where it is not text. */
export interface SourceTree {
  readonly texts: ReadonlyMap<string, string | undefined>
  readonly bytes: ReadonlyMap<string, number>
}

export type Check = (tree: SourceTree) => readonly Finding[]

const textBytesMax = 1024 * 1024

/** What git has or would take. */
export function readSourceTree(root: string): SourceTree {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const listed = execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 })
  const texts = new Map<string, string | undefined>()
  const bytes = new Map<string, number>()
  for (const path of [...new Set(listed.split('\0'))].sort()) {
    const stats = path === '' ? undefined : statSync(join(root, path), { throwIfNoEntry: false })
    if (!stats?.isFile()) continue
    bytes.set(path, stats.size)
    texts.set(path, stats.size > textBytesMax ? undefined : textOf(readFileSync(join(root, path))))
  }
  return { texts, bytes }
}

function textOf(content: Buffer): string | undefined {
  return content.includes(0) ? undefined : content.toString('utf8')
}

/** A tree in memory, for the tests of the checks. */
export function treeOf(files: Readonly<Record<string, string>>): SourceTree {
  const entries = Object.entries(files)
  return {
    texts: new Map(entries),
    bytes: new Map(entries.map(([path, text]) => [path, Buffer.byteLength(text)])),
  }
}

/** The files whose path fits, with their text. */
export function* filesOf(tree: SourceTree, pattern: RegExp): Generator<[string, string]> {
  for (const [path, text] of tree.texts)
    if (text !== undefined && pattern.test(path)) yield [path, text]
}

/** The lines that fit, from 1. */
export function* linesOf(text: string, pattern: RegExp): Generator<[number, RegExpExecArray]> {
  for (const [index, line] of text.split('\n').entries()) {
    const match = pattern.exec(line)
    if (match !== null) yield [index + 1, match]
  }
}

export interface Workspace {
  /** `packages/kit` */
  readonly directory: string
  /** `kit` */
  readonly name: string
  readonly isService: boolean
  readonly manifestPath: string
  readonly manifest: Manifest
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, unknown>>
}

const workspaceManifest = /^((packages|services)\/[^/]+|engine)\/package\.json$/

export function* workspacesOf(tree: SourceTree): Generator<Workspace> {
  for (const [path, text] of filesOf(tree, workspaceManifest)) {
    const directory = path.slice(0, path.lastIndexOf('/'))
    yield {
      directory,
      name: directory.slice(directory.lastIndexOf('/') + 1),
      isService: directory.startsWith('services/'),
      manifestPath: path,
      manifest: JSON.parse(text) as Manifest,
    }
  }
}

/** Code that ships: no tests, no benches. */
export const shippedSource =
  /^((packages|services)\/(?!testing\/)[^/]+\/src|engine\/lib)\/(?!.*\.(test|bench)\.ts$).*\.ts$/
