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

test('a table is measured, and fed from the rows of another', async () => {
  expect(await command('analytics', 'code.commits')).toContain('pagerank')
  const measured = await command('analytics', 'code.commits', 'pagerank', '--limit', '1')
  expect(measured).toContain('4 rows, 1 of them shown')
  expect(measured).toContain('ann@example.org')
  await server.load('main.flights', 'id,at,origin,target\n1,2024-05-01,A,B\n2,2024-05-02,B,C\n')
  await command('create', 'air')
  await command('tables', 'create', 'air.flights', '--member', 'from', '--member', 'to')
  const members = ['--member', 'origin=from', '--member', 'target=to']
  const feed = ['feed', 'set', 'air.flights', '--from', 'main.flights', '--time', 'at']
  await command(...feed, ...members, '--id', 'id', '--manual')
  expect(await command('feed', 'sync', 'air.flights')).toContain('2 rows taken')
  expect(await command('tables', 'air.flights')).toContain('2 hyperedges')
  expect(await command('feed', 'show', 'air.flights')).toContain('from main.flights')
  expect(await command('feed', 'end', 'air.flights')).toContain('stay')
  expect(await command('publications', 'air')).toContain('no publications')
  const publish = ['publish', 'set', 'air.flights', '--as', 'main.published', '--manual']
  expect(await command(...publish)).toContain('air.flights as main.published: current')
  expect(await command('publications', 'air')).toContain('main.published')
  expect(await command('publish', 'sync', 'air.flights')).toContain('current')
  expect(await command('publish', 'show', 'air.flights')).toContain('up to commit')
  expect(await command('publish', 'end', 'air.flights')).toContain('stays')
  expect(await fails('publish', 'show', 'air.flights')).toMatchObject({ code: 1 })
  expect(await fails('feed', 'set', 'air.flights', '--time', 'at')).toMatchObject({ code: 2 })
})

test('hyperedges go out as files and come in again, whatever the format', async () => {
  await command('create', 'copies')
  const formats = { n: 'ndjson', h: 'hif', c: 'csv', a: 'arrow' }
  const ndjson = join(files, 'commits.ndjson')
  const declared = ['subject=string', 'files=int64', 'lines_added=int64', 'lines_deleted=int64']
  const properties = declared.flatMap((property) => ['--property', property])
  for (const [table, format] of Object.entries(formats)) {
    const file = join(files, `commits.${format}`)
    await command('export', 'code.commits', file)
    await command('tables', 'create', `copies.${table}`, ...properties)
    expect(await command('import', file, '--into', `copies.${table}`)).toContain('3 hyperedges')
  }
  expect((await fails('export', 'code.commits', ndjson)).stderr).toContain('there already')
  expect(await command('import', ndjson, '--into', 'copies.n')).toContain('3 were there')
  expect(await command('export', 'copies.a', '--format', 'ndjson')).toContain('change 2')
})

test('a database is backed up, restored under another name, checked and compacted', async () => {
  expect(await command('backup', 'code', 'first')).toContain('first (')
  expect(await command('backups', 'code')).toContain('first')
  expect(await command('restore', 'again', 'first', '--from', 'code')).toContain('as in first')
  expect(await command('tables', 'again.commits')).toContain('3 hyperedges')
  expect(await command('check', 'again')).toContain('again: sound')
  expect(await command('compact', 'again')).toContain('on disk')
  expect((await fails('restore', 'other', '../../etc')).stderr).toContain('error:')
})

test('statements of the graph language are run, with parameters, and point at mistakes', async () => {
  const together = `MATCH HYPEREDGE (c:commits) WHERE $file IN c.members UNWIND c.members AS other
    RETURN other, count(*) AS together ORDER BY together DESC, other LIMIT 2`
  const asked = await command('query', 'code', '-e', together, '-p', 'file=a.ts')
  expect(asked).toMatch(/a\.test\.ts +│ +2/)
  expect(asked).toMatch(/^2 rows · /m)
  const lines = await command(
    'query',
    'code',
    '-e',
    together,
    '-p',
    'file=b.ts',
    '--format',
    'ndjson',
  )
  expect(lines.split('\n').map((line) => line && JSON.parse(line))).toEqual([
    { other: 'ann@example.org', together: 1 },
    { other: 'b.ts', together: 1 },
    '',
  ])
  const wrong = await fails('query', 'code', '-e', 'MATCH HYPEREDGE (c:commits) RETRN 1')
  expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('column 29') })
  expect(await fails('shell', 'code')).toMatchObject({ code: 2 })
})
