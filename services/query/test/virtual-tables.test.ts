import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { LinkTableRequest } from '@hypermesh/contract'
import { type Platform, startPlatform } from '@hypermesh/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'

let platform: Platform
let base: string
let root: string

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'hypermesh-files-'))
  root = join(base, 'root')
  await mkdir(root)
  platform = await startPlatform({
    config: { query: { virtualRoots: [root] }, limits: { virtualFilesMax: 20 } },
  })
})

afterAll(async () => {
  await platform[Symbol.asyncDispose]()
  await rm(base, { recursive: true })
})

const writer = () => platform.clients.writer
const ask = async (sql: string) => platform.clients.reader.sql(sql)
const link = (request: LinkTableRequest) =>
  writer().linkVirtualTable({ ...request, path: join(root, request.path) })

async function put(name: string, text: string): Promise<string> {
  const path = join(root, name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
  return path
}

async function putParquet(name: string, query: string): Promise<void> {
  const path = join(root, name)
  await mkdir(dirname(path), { recursive: true })
  const duckdb = await (await DuckDBInstance.create(':memory:')).connect()
  await duckdb.run(`COPY (${query}) TO '${path}' (FORMAT parquet)`)
  duckdb.disconnectSync()
}

test('files of every format are read where they lie, beside tables of the catalog', async () => {
  await put('f/a.csv', 'id,zip,at\n1,007,2024-01-01\n2,,2024-01-02\n')
  await put('f/b.tsv', 'id\tname\n1\tx\n')
  await put('f/c.ndjson', '{"id":1,"tags":["a"]}\n{"id":2}\n')
  await put('f/d.json', '[{"id":1,"s":{"x":1.5}}]')
  await putParquet('f/e.parquet', `SELECT 1 AS id, 1.10::DECIMAL(4,2) AS money`)
  for (const [name, columns, rows] of [
    [
      'a.csv',
      ['BIGINT', 'VARCHAR', 'DATE'],
      [
        [1, '007', '2024-01-01'],
        [2, null, '2024-01-02'],
      ],
    ],
    ['b.tsv', ['BIGINT', 'VARCHAR'], [[1, 'x']]],
    [
      'c.ndjson',
      ['BIGINT', 'VARCHAR[]'],
      [
        [1, ['a']],
        [2, null],
      ],
    ],
    ['d.json', ['BIGINT', 'STRUCT("x" DOUBLE)'], [[1, { x: 1.5 }]]],
    ['e.parquet', ['INTEGER', 'DECIMAL(4,2)'], [[1, '1.10']]],
  ] as const) {
    const table = `files.${name.slice(0, 1)}`
    const linked = await link({ table, path: `f/${name}` })
    expect(linked).toMatchObject({ table, format: name.split('.')[1], files: 1 })
    expect(linked.columns.map(({ type }) => type)).toEqual(columns)
    const reply = await ask(`FROM ${table}`)
    expect(reply.rows).toEqual(rows)
    expect(reply).toMatchObject({ filesPlanned: 1, bytesPlanned: linked.bytes, snapshots: {} })
  }
  await writer().ingest('main.orders', { body: 'id,n\n1,10\n', format: 'csv' })
  const joined = await ask('SELECT money, n FROM files.e JOIN main.orders USING (id)')
  expect(joined.rows).toEqual([['1.10', 10]])
  expect((await ask('EXPLAIN ANALYZE FROM files.a')).rows.join()).not.toContain(root)
})

test('a pattern finds files, and those that come later', async () => {
  for (const name of ['g/1.csv', 'g/2.csv', 'g/deep/er/3.csv', 'g/.hidden.csv', 'g/x.txt']) {
    await put(name, `n\n${name.replace(/\D/g, '') || 9}\n`)
  }
  expect(await link({ table: 'globs.flat', path: 'g/[0-9].csv' })).toMatchObject({ files: 2 })
  expect(await link({ table: 'globs.deep', path: 'g/**/*.csv' })).toMatchObject({ files: 3 })
  expect((await ask('SELECT n FROM globs.deep ORDER BY n')).rows).toEqual([[1], [2], [3]])
  await put('g/4.csv', 'n\n4\n')
  expect((await ask('SELECT sum(n) FROM globs.flat')).rows).toEqual([[7]])
  expect((await ask('SELECT sum(n) FROM globs.deep')).rows).toEqual([[10]])
})

test('directories key=value are columns, and only their files are read', async () => {
  for (const [year, month] of [
    [2023, '01'],
    [2024, '01'],
    [2024, '02'],
  ]) {
    await put(`h/year=${year}/month=${month}/part.csv`, `v\n${year}${month}\n`)
  }
  await put('h/year=2024/month=__HIVE_DEFAULT_PARTITION__/part.csv', 'v\n7\n')
  const linked = await link({ table: 'hive.t', path: 'h/**/*.csv', hivePartitioning: true })
  expect(linked.columns).toEqual([
    { name: 'v', type: 'BIGINT', partition: false },
    { name: 'year', type: 'BIGINT', partition: true },
    { name: 'month', type: 'VARCHAR', partition: true },
  ])
  expect((await ask(`SELECT v FROM hive.t WHERE year = 2024 AND month = '02'`)).rows).toEqual([
    [202402],
  ])
  expect((await ask('SELECT v FROM hive.t WHERE month IS NULL')).rows).toEqual([[7]])
  await put('h/other.csv', 'v\n1\n')
  await expect(ask('FROM hive.t')).rejects.toMatchObject({ code: 'conflict' })
})

test('a file of another form is an error that names it, never a row of wrong values', async () => {
  await put('c/1.csv', 'id,name\n1,x\n')
  await link({ table: 'change.csv', path: 'c/*.csv' })
  await put('c/2.csv', 'name,id\ny,2\n')
  await expect(ask('FROM change.csv')).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('2.csv'),
  })
  await put('c/2.csv', 'id,name\n2,y\n')
  expect((await ask('SELECT count(*) FROM change.csv')).rows).toEqual([[2]])
  await put('c/2.csv', 'id,name\n1.5,y\n')
  await expect(ask('FROM change.csv')).rejects.toMatchObject({ code: 'invalid' })
  await putParquet('c/1.parquet', 'SELECT 1 AS id, 2 AS n')
  await link({ table: 'change.parquet', path: 'c/*.parquet' })
  await putParquet('c/2.parquet', 'SELECT 5 AS n, 6 AS id, 7 AS more')
  expect((await ask('SELECT id, n FROM change.parquet ORDER BY id')).rows).toEqual([
    [1, 2],
    [6, 5],
  ])
  await putParquet('c/2.parquet', `SELECT '5' AS n, 6 AS id`)
  await expect(ask('FROM change.parquet')).rejects.toMatchObject({
    code: 'conflict',
    details: { column: 'n' },
  })
  await put('c/2.parquet', 'PAR1 and nothing else PAR1')
  await expect(ask('FROM change.parquet')).rejects.toMatchObject({ status: 400, code: 'invalid' })
  await rm(join(root, 'c/2.parquet'))
  await rm(join(root, 'c/1.parquet'))
  await expect(ask('FROM change.parquet')).rejects.toMatchObject({ code: 'not_found' })
})

test('nothing outside of the roots is read, by path, by pattern or by link', async () => {
  const secret = join(base, 'secret.csv')
  await writeFile(secret, 'key\nhunter2\n')
  await put('l/ok.csv', 'key\nfine\n')
  const forbidden = { code: 'forbidden' }
  for (const path of [
    secret,
    `${root}/../secret.csv`,
    'l/ok.csv',
    root,
    `${platform.directory}/keys/*`,
  ]) {
    await expect(writer().linkVirtualTable({ table: 'out.t', path })).rejects.toMatchObject(
      forbidden,
    )
  }
  await symlink(secret, join(root, 'l/leak.csv'))
  await expect(link({ table: 'out.t', path: 'l/leak.csv' })).rejects.toMatchObject(forbidden)
  await expect(link({ table: 'out.t', path: 'l/*.csv' })).rejects.toMatchObject(forbidden)
  await rm(join(root, 'l/leak.csv'))
  await link({ table: 'out.t', path: 'l/*.csv' })
  expect((await ask('SELECT key FROM out.t')).rows).toEqual([['fine']])
  // A link that comes after the table was linked, to a file and to a directory.
  await rm(join(root, 'l/ok.csv'))
  await symlink(secret, join(root, 'l/ok.csv'))
  await expect(ask('FROM out.t')).rejects.toMatchObject(forbidden)
  await rm(join(root, 'l'), { recursive: true })
  await symlink(base, join(root, 'l'))
  await expect(ask('FROM out.t')).rejects.toMatchObject(forbidden)
  await rm(join(root, 'l'))
  // One that stays inside is followed.
  await put('real/in.csv', 'key\ninside\n')
  await symlink(join(root, 'real'), join(root, 'l'))
  expect((await ask('SELECT key FROM out.t')).rows).toEqual([['inside']])
})

test('bounds, names and what cannot be linked', async () => {
  for (let at = 0; at < 21; at += 1) await put(`many/${at}.csv`, 'a\n1\n')
  await expect(link({ table: 'bad.t', path: 'many/*.csv' })).rejects.toMatchObject({
    code: 'too_large',
  })
  await expect(link({ table: 'bad.t', path: 'none/*.csv' })).rejects.toMatchObject({
    code: 'not_found',
  })
  await expect(link({ table: 'bad.t', path: 'many/[z-a].csv' })).rejects.toMatchObject({
    code: 'invalid',
  })
  await expect(link({ table: 'bad.t', path: `many/${'*a'.repeat(20)}` })).rejects.toMatchObject({
    code: 'invalid',
  })
  await put('packed.csv', '')
  await expect(link({ table: 'bad.t', path: 'packed.csv' })).rejects.toMatchObject({
    code: 'invalid',
  })
  await expect(link({ table: 'bad', path: 'many/1.csv' })).rejects.toMatchObject({ status: 422 })
  await writer().ingest('bad.taken', { body: 'a\n1\n', format: 'csv' })
  await expect(link({ table: 'bad.taken', path: 'many/1.csv' })).rejects.toMatchObject({
    code: 'exists',
  })
  await link({ table: 'bad.Once', path: 'many/1.csv' })
  await expect(link({ table: 'bad.once', path: 'many/2.csv' })).rejects.toMatchObject({
    code: 'exists',
  })
  await expect(ask('FROM bad.once AT (VERSION => 1)')).rejects.toMatchObject({ code: 'invalid' })
  await writer().unlinkVirtualTable('bad.ONCE')
  await expect(ask('FROM bad.once')).rejects.toMatchObject({ code: 'not_found' })
  await expect(writer().unlinkVirtualTable('bad.once')).rejects.toMatchObject({ code: 'not_found' })
})

test('a link survives a restart; readers are not told where the files lie', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'hypermesh-restart-'))
  const path = await put('kept.csv', 'a\n5\n')
  const config = { query: { virtualRoots: [root] } }
  {
    await using first = await startPlatform({ directory, config })
    await first.clients.writer.linkVirtualTable({ table: 'kept.t', path, types: { a: 'VARCHAR' } })
  }
  {
    await using again = await startPlatform({ directory, config })
    expect((await again.clients.reader.sql('FROM kept.t')).rows).toEqual([['5']])
    const [known] = (await again.clients.writer.listVirtualTables()).tables
    expect(known).toMatchObject({ table: 'kept.t', path, format: 'csv' })
    const [shown] = (await again.clients.reader.listVirtualTables()).tables
    expect(shown).not.toHaveProperty('path')
    await expect(again.clients.reader.unlinkVirtualTable('kept.t')).rejects.toMatchObject({
      code: 'forbidden',
    })
  }
  await rm(directory, { recursive: true })
})

test('a root may not hold the data directory, nor lie in it', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'hypermesh-nested-'))
  for (const virtualRoots of [
    ['/'],
    [directory],
    [join(directory, 'warehouse')],
    ['/no/such/place'],
  ]) {
    await mkdir(join(directory, 'warehouse'), { recursive: true })
    await expect(startPlatform({ directory, config: { query: { virtualRoots } } })).rejects.toThrow(
      '[query] virtual_roots',
    )
  }
  await rm(directory, { recursive: true })
})

test('a file whose name looks like a pattern is that file', async () => {
  for (const name of ['a[1]', 'a1', 'a*']) {
    await putParquet(`odd/${name}.parquet`, `SELECT '${name}' AS name`)
    await put(`odd/${name}.csv`, `name\n${name}\n`)
  }
  for (const format of ['parquet', 'csv'] as const) {
    await link({ table: `odd.${format}`, path: `odd/*.${format}`, format })
    const { rows } = await ask(`SELECT name FROM odd.${format} ORDER BY name`)
    expect(rows).toEqual([['a*'], ['a1'], ['a[1]']])
  }
})

test('unless asked to, a directory key=value says nothing of a column of that name', async () => {
  const rows = `SELECT * FROM (VALUES ('x01', 1), (NULL, 2)) t(region, a)`
  await putParquet('own/region=07/r.parquet', rows)
  await put('own/region=07/r.csv', 'region,a\nx01,1\n,2\n')
  await put('own/region=07/r.ndjson', '{"region":"x01","a":1}\n{"region":null,"a":2}\n')
  await put('own/region=07/only.ndjson', '{"a":1}\n')
  for (const format of ['parquet', 'csv', 'ndjson'] as const) {
    await link({ table: `own.${format}`, path: `own/*/r.${format}`, format })
    expect((await ask(`SELECT region, a FROM own.${format} ORDER BY a`)).rows).toEqual([
      ['x01', 1],
      [null, 2],
    ])
  }
  const { columns } = await link({ table: 'own.only', path: 'own/*/only.ndjson' })
  expect(columns.map(({ name }) => name)).toEqual(['a'])
})
