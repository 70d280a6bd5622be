import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Server } from './_server.ts'

let server: Server
let files: string
beforeAll(async () => {
  server = await Server.start()
  files = await mkdtemp(join(tmpdir(), 'hypermesh-graph-'))
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(files, { recursive: true })
})

async function command(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await server.command(['graph', ...args])
  expect([code, stderr]).toEqual([0, ''])
  return stdout
}

async function fails(...args: string[]): Promise<{ code: number | null; stderr: string }> {
  const { code, stderr } = await server.command(['graph', ...args])
  expect(code).not.toBe(0)
  return { code, stderr }
}

/** A repository in which two files change together. */
async function makeRepository(): Promise<string> {
  const directory = await mkdtemp(join(files, 'repository-'))
  let second = 1_700_000_000
  const git = (...args: string[]) => {
    const who = ['-c', 'user.name=Ann', '-c', 'user.email=ann@example.org']
    const env = { ...process.env, GIT_COMMITTER_DATE: `${second} +0000` }
    execFileSync('git', ['-C', directory, ...who, ...args], { stdio: 'pipe', env })
    second += 60
  }
  git('init', '-q')
  for (const [index, names] of [['a.ts', 'a.test.ts'], ['b.ts'], ['a.ts', 'a.test.ts']].entries()) {
    for (const name of names) await writeFile(join(directory, name), `${index}\n`)
    git('add', '-A')
    git('commit', '-q', '-m', `change ${index}`)
  }
  return directory
}

test('databases and tables are made, listed, shown and dropped', async () => {
  expect(await command('create', 'social')).toContain('social: ready')
  expect(
    await command(
      ...['tables', 'create', 'social.calls', '--member', 'caller', '--member', 'callee'],
      ...['--property', 'cost=float64', '--bucket-seconds', '60', '--ttl-days', '30'],
    ),
  ).toContain('created social.calls')
  expect(await command('tables', 'social')).toContain('cost float64')
  expect(await command('tables', 'social.calls')).toContain('0 hyperedges')
  expect(await command('list')).toContain('social')
  expect(await command('show', 'social')).toContain('1 table')
  expect(await command('tables', 'drop', 'social.calls')).toContain('dropped')
  expect(await command('tables', 'social')).toContain('no tables')
  expect(await command('drop', 'social')).toContain('dropped social')
  expect(await command('list')).toContain('no graph databases')
})

test('what is wrong with a command is told, with the exit codes of all commands', async () => {
  expect(await fails('show', 'nothing')).toMatchObject({ code: 1 })
  expect(await fails('tables', 'create', 'calls')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('code.commits'),
  })
  expect(await fails('tables', 'create', 'a.b', '--property', 'x=decimal')).toMatchObject({
    code: 2,
  })
  expect(await fails('import', 'git', files, '--into', 'code.commits')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('not a git repository'),
  })
})

test('commits of a repository become hyperedges, each once', async () => {
  const repository = await makeRepository()
  await command('create', 'code')
  expect(await command('import', 'git', repository, '--into', 'code.commits')).toContain('3 hyper')
  const again = ['import', 'git', repository, '--into', 'code.commits'] as const
  expect(await command(...again)).toContain('0 hyperedges inserted, 3 were there already')
  const path = '/v1/graph/code/tables/commits/hyperedges?member=a.test.ts&role=file'
  const page = (await (await server.fetch(path)).json()) as {
    hyperedges: { members: string[]; roles: string[]; props: Record<string, unknown> }[]
  }
  expect(page.hyperedges).toMatchObject([
    { members: ['ann@example.org', 'a.test.ts', 'a.ts'], roles: ['author', 'file', 'file'] },
    { props: { subject: 'change 2', files: 2, lines_added: 2, lines_deleted: 2 } },
  ])
})
