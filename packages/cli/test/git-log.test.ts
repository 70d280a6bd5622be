import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readEnvironment } from '@hypermesh/kit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { commitHyperedge } from '../src/git-hyperedges.ts'
import { isShallow, readCommits } from '../src/git-log.ts'
import { type Commit, CommitRecords, commitFormat } from '../src/git-log-records.ts'

const never = new AbortController().signal
let directory = ''
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'hypermesh-git-'))
  git('init', '-q', '-b', 'main')
  commit('begin', { 'a.txt': 'one\ntwo\n', 'b "q" é.txt': 'x\n' })
  commit(
    'second\n\nbody\n\nCo-authored-by: Bob B <BOB@example.org>\nCo-authored-by: Ann <ann@example.org>',
    {
      'a.txt': 'one\n',
      'new\nline\tand tab.txt': '1\n',
      'image.bin': Buffer.from([0, 1, 2, 0]),
    },
  )
  git('commit', '-q', '--allow-empty', '-m', 'nothing\tat all')
  git('checkout', '-q', '-b', 'side', 'HEAD~1')
  commit('on the side', { 'side.txt': 's\n' })
  git('checkout', '-q', 'main')
  git('merge', '-q', '--no-ff', '-m', 'a merge', 'side')
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

let clock = 1_700_000_000
function git(...args: string[]): string {
  const date = `${clock} +0200`
  const options = ['-C', directory, '-c', 'user.name=Ann A', '-c', 'user.email=Ann@Example.org']
  return execFileSync('git', [...options, ...args], {
    encoding: 'utf8',
    env: {
      PATH: readEnvironment().PATH,
      HOME: directory,
      GIT_AUTHOR_DATE: date,
      GIT_COMMITTER_DATE: date,
    },
  })
}

function commit(message: string, files: Readonly<Record<string, string | Buffer>>): void {
  clock += 60
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content)
  git('add', '-A')
  git('commit', '-q', '-m', message)
}

async function commitsOf(
  options: { revision?: string; filesMax?: number } = {},
): Promise<Commit[]> {
  const commits: Commit[] = []
  const all = { revision: 'HEAD', filesMax: 100, signal: never, ...options }
  for await (const each of readCommits(directory, all)) commits.push(each)
  return commits
}

test('commits come with authors, co-authors, any path, and what was counted; merges do not', async () => {
  const commits = await commitsOf()
  expect(commits.map(({ subject }) => subject).sort()).toEqual(
    ['begin', 'nothing\tat all', 'on the side', 'second'].sort(),
  )
  const second = commits.find(({ subject }) => subject === 'second')
  expect(second).toMatchObject({
    authors: ['ann@example.org', 'bob@example.org'],
    committedAt: 1_700_000_120,
    fileCount: 3,
    linesAdded: 1,
    linesDeleted: 1,
  })
  expect(second?.files.toSorted()).toEqual(['a.txt', 'image.bin', 'new\nline\tand tab.txt'])
  expect(commits.find(({ subject }) => subject === 'begin')?.files).toContain('b "q" é.txt')
  expect(commits.at(-1)?.hash).toBe(git('rev-list', '--max-parents=0', 'HEAD').trim())
})

test('a commit is a hyperedge whose key is its hash', async () => {
  const [begin] = (await commitsOf()).filter(({ subject }) => subject === 'begin')
  expect(begin && commitHyperedge(begin)).toEqual({
    at: '2023-11-14T22:14:20.000Z',
    members: { author: ['ann@example.org'], file: ['a.txt', 'b "q" é.txt'] },
    key: begin?.hash,
    props: { subject: 'begin', files: 2, lines_added: 3, lines_deleted: 0 },
  })
})

test('of a commit with many files as many as asked for are kept, and all are counted', async () => {
  const second = (await commitsOf({ filesMax: 1 })).find(({ subject }) => subject === 'second')
  expect([second?.files.length, second?.fileCount]).toEqual([1, 3])
})

test('however the output is cut, the commits are the same', async () => {
  const format = `--format=tformat:${commitFormat}`
  const output = Buffer.from(git('log', '-z', '--numstat', '--no-merges', '--no-renames', format))
  const cut = (bytesAtOnce: number) => {
    const records = new CommitRecords({ filesMax: 100 })
    const commits: Commit[] = []
    for (let at = 0; at < output.length; at += bytesAtOnce) {
      commits.push(...records.push(output.subarray(at, at + bytesAtOnce)))
    }
    const last = records.end()
    return last === undefined ? commits : [...commits, last]
  }
  const whole = await commitsOf()
  for (const bytesAtOnce of [1, 2, 3, 7, 64, output.length]) expect(cut(bytesAtOnce)).toEqual(whole)
  const half = new CommitRecords({ filesMax: 1 })
  expect([...half.push(output.subarray(0, 60))]).toEqual([])
  expect(() => half.end()).toThrow('ended within a commit')
  expect(() => [...new CommitRecords({ filesMax: 1 }).push(Buffer.from('no hash\0'))]).toThrow(
    'neither a commit nor a file',
  )
})

test('what git refuses is told, and an option is no revision', async () => {
  await expect(commitsOf({ revision: 'nowhere' })).rejects.toMatchObject({ code: 'invalid' })
  await expect(commitsOf({ revision: '--output=stolen' })).rejects.toMatchObject({
    code: 'invalid',
  })
  await expect(isShallow(join(directory, 'missing'))).rejects.toMatchObject({ code: 'invalid' })
  expect(await isShallow(directory)).toBe(false)
})

test('reading ends when it is cancelled, and early', async () => {
  const stopped = AbortSignal.abort()
  const reading = readCommits(directory, { revision: 'HEAD', filesMax: 1, signal: stopped })
  await expect(reading.next()).rejects.toMatchObject({ code: 'cancelled' })
  for await (const first of readCommits(directory, {
    revision: 'HEAD',
    filesMax: 1,
    signal: never,
  })) {
    expect(first.hash).toMatch(/^[0-9a-f]{40}$/)
    break
  }
})
