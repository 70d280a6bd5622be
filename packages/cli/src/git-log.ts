import { spawn } from 'node:child_process'
import { HyperMeshError } from '@hypermesh/contract'
import { readEnvironment } from '@hypermesh/kit'
import { type Commit, CommitRecords, commitFormat } from './git-log-records.ts'

export interface GitLogOptions {
  /** What `git log` shall begin with, or a range: `main`, `v1..v2`. */
  readonly revision: string
  /** Paths of a commit that are kept; the rest is counted. */
  readonly filesMax: number
  readonly signal: AbortSignal
}

const messageCharsMax = 2000

/**
 * The commits of a repository, newest first, as git tells them: one at a time, merges left out. Nothing
 * that the repository configures is run.
 */
export async function* readCommits(
  repository: string,
  { revision, filesMax, signal }: GitLogOptions,
): AsyncGenerator<Commit, void, void> {
  if (signal.aborted) throw cancelled(signal.reason)
  const git = startGit(repository, [
    'log',
    '-z',
    '--numstat',
    '--no-merges',
    '--no-renames',
    '--no-ext-diff',
    '--no-textconv',
    '--no-show-signature',
    '--no-color',
    '--use-mailmap',
    '--encoding=UTF-8',
    `--format=tformat:${commitFormat}`,
    '--end-of-options',
    revision,
    '--',
  ])
  const records = new CommitRecords({ filesMax })
  const stop = () => git.child.kill()
  signal.addEventListener('abort', stop, { once: true })
  try {
    for await (const chunk of git.child.stdout) yield* records.push(chunk as Buffer)
    await git.ended
    const last = records.end()
    if (last !== undefined) yield last
  } catch (error) {
    throw signal.aborted ? cancelled(error) : error
  } finally {
    signal.removeEventListener('abort', stop)
    git.child.kill()
    // Its failure, where there is one, has been told above or is that it was stopped here.
    await git.ended.catch(() => undefined)
  }
}

function cancelled(cause: unknown): HyperMeshError {
  return new HyperMeshError('cancelled', 'reading the commits was cancelled', { cause })
}

/** Whether a clone lacks the older part of its history. */
export async function isShallow(repository: string): Promise<boolean> {
  const git = startGit(repository, ['rev-parse', '--is-shallow-repository'])
  let said = ''
  for await (const chunk of git.child.stdout) said += String(chunk)
  await git.ended
  return said.trim() === 'true'
}

/** Without what would name another repository, as where this runs in a hook. */
function environment() {
  const { GIT_DIR: _, GIT_WORK_TREE: __, GIT_INDEX_FILE: ___, ...rest } = readEnvironment()
  return { ...rest, LC_ALL: 'C', GIT_OPTIONAL_LOCKS: '0' }
}

function startGit(repository: string, args: readonly string[]) {
  const child = spawn('git', ['-C', repository, '--no-pager', '-c', 'core.fsmonitor=', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment(),
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(0, messageCharsMax)
  })
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', (cause: NodeJS.ErrnoException) => {
      const isMissing = cause.code === 'ENOENT'
      const text = isMissing ? 'git is not installed, or not on the PATH' : 'git does not start'
      reject(new HyperMeshError('unsupported', text, { cause }))
    })
    child.once('close', (code) => {
      if (code === 0) resolve()
      else reject(new HyperMeshError('invalid', `git: ${said.trim() || `ended with ${code}`}`))
    })
  })
  // Awaited once the output has been read.
  ended.catch(() => undefined)
  return { child, ended }
}
