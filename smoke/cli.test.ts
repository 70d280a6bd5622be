import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tableFromIPC } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hypermesh, json, program, Server, samples } from './_server.ts'

let server: Server
let directory: string
beforeAll(async () => {
  server = await Server.start()
  directory = await mkdtemp(join(tmpdir(), 'hypermesh-cli-'))
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})

async function file(name: string, text: string): Promise<string> {
  const path = join(directory, name)
  await writeFile(path, text)
  return path
}

const jsonOf = async (args: string[]) =>
  JSON.parse((await server.command(['--json', ...args])).stdout)

describe('ingest and inspect', () => {
  test('a directory goes into one table in one commit', async () => {
    const files = join(directory, 'together')
    await mkdir(files)
    await writeFile(join(files, 'a.csv'), 'n\n1\n2\n')
    await writeFile(join(files, 'b.ndjson'), '{"n":3}\n')
    await writeFile(join(files, 'notes.txt'), 'not loaded')
    const ended = await server.command(['ingest', files, '--into', 'cli.together', '--atomic'])
    expect(ended).toMatchObject({ code: 0 })
    const history = await server.command(['--json', 'history', 'cli.together'])
    expect(history.stdout.match(/"snapshotId"/g)).toHaveLength(1)
    expect((await server.sql('SELECT sum(n) FROM cli.together')).rows).toEqual([[6]])
  })

  test('files become tables named after them, a result line for each', async () => {
    const cars = await file('My Cars.csv', 'name,hp\nmini,50\n')
    const ended = await server.command(['ingest', cars, join(samples, 'penguins.json')])
    expect(ended.code).toBe(0)
    expect(ended.stdout).toContain('main.my_cars  1 row')
    expect(ended.stdout).toContain('main.penguins  344 rows')
  })

  test('the same file again is a no-op that says so', async () => {
    const path = await file('again.csv', 'a\n1\n')
    await server.command(['ingest', path])
    const again = await server.command(['ingest', path])
    expect(again).toMatchObject({ code: 0 })
    expect(again.stdout).toContain('nothing to do')
  })

  test('a failed file is told, the others are loaded, and the exit code says so', async () => {
    const good = await file('good.csv', 'a\n1\n')
    const ended = await server.command(['ingest', join(directory, 'absent.csv'), good])
    expect(ended.code).toBe(1)
    expect(ended.stderr).toContain('absent.csv')
    expect(ended.stdout).toContain('main.good')
  })

  test('standard input, a type of one’s own, and JSON for programs', async () => {
    const args = [
      '--json',
      'ingest',
      '-',
      '-t',
      'lake.zips',
      '--format',
      'csv',
      '--type',
      'z=VARCHAR',
    ]
    const ended = await server.command(args, { input: 'z\n01234\n' })
    expect(JSON.parse(ended.stdout)).toMatchObject({ table: 'lake.zips', rows: 1 })
    expect((await jsonOf(['sql', 'FROM lake.zips'])).rows).toEqual([['01234']])
  })

  test('a file that the server may read is not sent', async () => {
    const path = await file('in-place.csv', 'a\n1\n')
    const env = { HYPERMESH_INGEST__ALLOWED_ROOTS: directory }
    await using own = await Server.start({ env })
    expect((await own.command(['ingest', path])).stdout).toContain('read in place')
    const sent = await own.command(['--json', 'ingest', path, '--again', '--upload'])
    expect(JSON.parse(sent.stdout)).toMatchObject({ inPlace: false, rows: 1 })
  })

  test('inspect shows columns and types and stores nothing', async () => {
    const path = await file('looked-at.csv', 'n,day\n1,2024-01-31\n')
    const ended = await server.command(['inspect', path])
    expect(ended.stdout).toMatch(/│ day +│ DATE +│ date +│ inferred/i)
    expect(JSON.stringify(await jsonOf(['tables']))).not.toContain('looked_at')
  })
})

describe('sql', () => {
  test('a table with types, and what was measured', async () => {
    const ended = await server.command(['sql', "SELECT 1 AS n, 'x' AS t, NULL AS nothing"])
    expect(ended.code).toBe(0)
    expect(ended.stdout).toContain('│       n │ t       │ nothing │')
    expect(ended.stdout).toContain('NULL')
    expect(ended.stdout).toMatch(/1 row · [\d.]+ ms/)
  })

  test('statements from a file and from standard input', async () => {
    const path = await file('two.sql', "SELECT 1; -- one;\nSELECT ';' AS two;")
    const ended = await server.command(['sql', '-f', path, '--format', 'csv'])
    expect(ended.stdout.split(/\r?\n/)).toEqual(['1', '1', 'two', ';', ''])
    const piped = await server.command(['sql', '--format', 'ndjson'], { input: 'SELECT 7 AS n' })
    expect(piped.stdout).toBe('{"n":7}\n')
  })

  test('parameters by name, by place and with a type', async () => {
    const named = ['sql', 'SELECT $a + $b AS n', '-p', 'a=1', '-p', 'b=2']
    expect((await jsonOf(named)).rows).toEqual([[3]])
    const typed = ['sql', 'SELECT ? AS d', '-p', ':DATE=2024-01-31']
    expect((await jsonOf(typed)).rows).toEqual([['2024-01-31']])
  })

  test('Arrow goes to a file that Apache’s library reads', async () => {
    const out = join(directory, 'out.arrow')
    const script = `"${process.execPath}" "${program}" --data "${server.dataDir}" sql "SELECT 42 AS n" --format arrow > "${out}"`
    const { execFileSync } = await import('node:child_process')
    execFileSync('sh', ['-c', script])
    expect(
      tableFromIPC(await readFile(out))
        .getChild('n')
        ?.get(0),
    ).toBe(42)
  })

  test('a cut says so', async () => {
    const ended = await server.command(['sql', 'FROM main.penguins', '--max-rows', '2'])
    expect(ended.stderr).toContain('cut at 2 rows')
  })

  test('a mistake is told with a hint, without a stack trace, and exits 1', async () => {
    const ended = await server.command(['sql', 'SELECT * FROM main.penguin'])
    expect(ended.code).toBe(1)
    expect(ended.stderr).toMatch(/^error: .*penguin/)
    expect(ended.stderr).not.toMatch(/^\s+at /m)
  })

  test('a reader that goes away ends the command quietly', async () => {
    const { execFileSync } = await import('node:child_process')
    const script = `"${process.execPath}" "${program}" --data "${server.dataDir}" sql "FROM main.penguins a, main.penguins b" --format ndjson | head -1`
    expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toMatch(/^\{.*\}\n$/)
  })
})

test('tables and history', async () => {
  const path = await file('story.csv', 'a\n1\n')
  await server.command(['ingest', path])
  await server.command(['ingest', path, '--again'])
  expect((await server.command(['tables'])).stdout).toMatch(/│ main\.story +│ +2 │/)
  const history = await jsonOf(['history', 'story'])
  expect(history.snapshots).toHaveLength(2)
  const shown = await server.command(['history', 'story'])
  expect(shown.stdout).toContain(`AT (VERSION => ${history.snapshots[1].snapshotId})`)
})

test('tables go under another URI, and are read and loaded on', async () => {
  const path = await file('moved.csv', 'a\n1\n')
  await server.command(['ingest', path])
  const config = await server.fetch('/iceberg/v1/config')
  const { defaults } = await json<{ defaults: { warehouse: string } }>(config)
  const ends = ['--from', defaults.warehouse, '--to', 'file:///elsewhere/lake']
  const told = await server.command(['tables', 'relocate', ...ends])
  expect([told.code, told.stdout]).toEqual([0, expect.stringContaining('nothing was changed')])
  const done = await server.command(['tables', 'relocate', ...ends, '--apply'])
  expect([done.code, done.stdout]).toEqual([0, expect.stringContaining('relocated: ')])
  const load = await server.fetch('/iceberg/v1/namespaces/main/tables/moved')
  expect(await load.text()).not.toContain(defaults.warehouse)
  await server.command(['ingest', path, '--again'])
  await server.command(['ingest', await file('after.csv', 'a\n2\n')])
  expect((await server.sql('SELECT count(*) FROM main.moved')).rows).toEqual([[2]])
  expect((await server.sql('SELECT a FROM main.after')).rows).toEqual([[2]])
  const again = await server.command(['tables', 'relocate', ...ends])
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('recorded as')])
})

test('keys are created, used, listed and revoked', async () => {
  const created = await server.command(['keys', 'create', 'smoke', '--role', 'reader'])
  const secret = created.stdout.trim()
  const tables = (key: string) => hypermesh(['--url', server.url, '--key', key, 'tables'])
  expect((await tables(secret)).code).toBe(0)
  const keys = await jsonOf(['keys', 'list'])
  const { id } = keys.find((key: { name: string }) => key.name === 'smoke')
  expect((await server.command(['keys', 'list'])).stdout).not.toContain(secret)
  expect((await server.command(['keys', 'revoke', id])).code).toBe(0)
  const refused = await tables(secret)
  expect(refused.code).toBe(4)
  expect(refused.stderr).toContain('hint: ')
})

test('config shows every value and where it comes from', async () => {
  const env = { HYPERMESH_GATEWAY__PORT: '4000', HYPERMESH_CLIENT__KEY: 'a-secret' }
  const ended = await hypermesh(['config'], { env })
  expect(ended.stdout).toMatch(/\[gateway\] port +│ 4000 +│ HYPERMESH_GATEWAY__PORT/)
  expect(ended.stdout).not.toContain('a-secret')
  const path = await file('bad.toml', '[gateway]\nprot = 1\n[limits]\nkeys_max = 0\n')
  const bad = await hypermesh(['--config', path, 'config'])
  expect(bad.code).toBe(1)
  expect(bad.stderr).toContain('did you mean port?')
  expect(bad.stderr).toContain('keys_max')
})

test('doctor finds nothing wrong here, and says what is wrong elsewhere', async () => {
  const ended = await server.command(['doctor'])
  expect(ended.code).toBe(0)
  expect(ended.stdout).toContain(`${server.url} is ready`)
  const blocked = await file('not-a-directory', '')
  const wrong = await hypermesh(['--data', join(blocked, 'data'), '--json', 'doctor'])
  const findings = JSON.parse(wrong.stdout)
  expect(wrong.code).toBe(1)
  expect(findings).toContainEqual(
    expect.objectContaining({ check: 'data directory', state: 'fail' }),
  )
})

describe('exit codes for scripts', () => {
  test.each([
    [0, ['--help']],
    [0, ['--version']],
    [0, ['sql', '--help']],
    [2, ['tabels']],
    [2, ['sql', '--format', 'xml', 'SELECT 1']],
    [2, ['ingest']],
    [2, ['keys', 'create', 'x']],
    [3, ['--url', 'http://127.0.0.1:9', 'tables']],
  ])('%i for %j', async (code, args) => {
    const ended = await hypermesh(args)
    expect(ended.code).toBe(code)
    if (code > 0) expect(ended.stderr).toMatch(/^error: /)
  })

  test('4 for a wrong key', async () => {
    const ended = await hypermesh(['--url', server.url, '--key', 'wrong', 'tables'])
    expect(ended.code).toBe(4)
  })
})
