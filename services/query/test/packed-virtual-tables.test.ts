import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { DuckDBInstance } from '@duckdb/node-api'
import type { LinkTableRequest } from '@hypermesh/contract'
import { type Platform, startPlatform } from '@hypermesh/testing'
import * as arrow from 'apache-arrow'
import { afterAll, beforeAll, expect, test } from 'vitest'

let platform: Platform
let base: string
let root: string

const unpackedBytesMax = 100_000

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'hypermesh-packed-files-'))
  root = join(base, 'root')
  await mkdir(root)
  const limits = { unpackedBytesMax }
  platform = await startPlatform({ config: { query: { virtualRoots: [root] }, limits } })
})

afterAll(async () => {
  await platform[Symbol.asyncDispose]()
  await rm(base, { recursive: true })
})

const ask = async (sql: string) => (await platform.clients.reader.sql(sql)).rows
const link = (request: LinkTableRequest) =>
  platform.clients.writer.linkVirtualTable({ ...request, path: join(root, request.path) })

async function put(name: string, body: string | Uint8Array): Promise<string> {
  const path = join(root, name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, body)
  return path
}

/** As DuckDB writes it, which packs with zstd. */
async function putZst(name: string, query: string, options: string): Promise<void> {
  const path = join(root, name)
  await mkdir(dirname(path), { recursive: true })
  const duckdb = await (await DuckDBInstance.create(':memory:')).connect()
  await duckdb.run(`COPY (${query}) TO '${path}' (${options}, COMPRESSION zstd)`)
  duckdb.disconnectSync()
}

const csv = 'id,name,n\n1,ä,\n2,"b\nb",2.5\n'
const bodies = {
  csv,
  tsv: 'id\tname\tn\n1\tä\t\n2\t"b\nb"\t2.5\n',
  ndjson: '{"id":1,"name":"ä"}\n{"id":2,"name":"b\\nb","n":2.5}\n',
  json: '[{"id":1,"name":"ä"},{"id":2,"name":"b\\nb","n":2.5}]',
}
const rows = [
  [1, 'ä', null],
  [2, 'b\nb', 2.5],
]

test('text that is packed is read where it lies, as the same text is that is not', async () => {
  const zst = {
    csv: 'FORMAT csv',
    tsv: "FORMAT csv, DELIMITER '\t'",
    ndjson: 'FORMAT json',
    json: 'FORMAT json, ARRAY true',
  }
  const query = `SELECT * FROM (VALUES (1, 'ä', NULL), (2, 'b' || chr(10) || 'b', 2.5::DOUBLE)) t(id, name, n)`
  for (const format of ['csv', 'tsv', 'ndjson', 'json'] as const) {
    await put(`t/${format}/a.${format}.gz`, gzipSync(bodies[format]))
    await putZst(`t/${format}/b.${format}.zst`, query, zst[format])
    for (const [ending, file] of [
      ['gz', 'a'],
      ['zst', 'b'],
    ]) {
      const table = `packed.${format}_${ending}`
      const path = `t/${format}/${file}.${format}.${ending}`
      expect(await link({ table, path })).toMatchObject({ format, files: 1 })
      expect(await ask(`SELECT id, name, n FROM ${table} ORDER BY id`)).toEqual(rows)
    }
  }
})

test('a pattern may find packed and plain files, of several gzip members, beside each other', async () => {
  const part = (id: number) => `id,name,n\n${id},x,1.5\n`
  await put('mix/year=2024/1.csv.gz', gzipSync(part(1)))
  await put('mix/year=2024/2.csv', part(2))
  const members = Buffer.concat([gzipSync('id,name,n\n3,x,1.5\n'), gzipSync('4,x,2.5\n')])
  await put('mix/year=2025/3.csv.gz', members)
  await put('mix/year=2025/empty.csv.gz', gzipSync(''))
  const linked = await link({ table: 'mix.t', path: 'mix/**/*', hivePartitioning: true })
  expect(linked).toMatchObject({ files: 4, format: 'csv' })
  const sql = 'SELECT year, count(*), sum(n) FROM mix.t GROUP BY ALL ORDER BY 1'
  expect(await ask(sql)).toEqual([
    [2024, 2, 3],
    [2025, 2, 4],
  ])
  await put('mix/year=2025/5.csv.gz', gzipSync('name,id,n\nx,5,1\n'))
  await expect(ask(sql)).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('5.csv.gz'),
  })
})

test('a table that was linked before packed files were read in place says so of one', async () => {
  await put('old/1.csv', 'a\nx\n')
  await link({ table: 'old.t', path: 'old/*' })
  const path = join(platform.directory, 'query/virtual-tables/old.t.json')
  const { unpacks: _, template, ...known } = JSON.parse(await readFile(path, 'utf8'))
  const older = template.map((sql: string) => sql.replace("'auto'", "'none'"))
  await writeFile(path, JSON.stringify({ ...known, template: older }))
  expect(await ask('SELECT * FROM old.t')).toEqual([['x']])
  await put('old/2.csv.gz', gzipSync('a\ny\n'))
  await expect(ask('SELECT * FROM old.t')).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringMatching(/2\.csv\.gz.*link it again/),
  })
})

test('more than the limit once unpacked is an error, and nothing of it is read', async () => {
  const line = '7\n'
  const bomb = gzipSync(`a\n${line.repeat(unpackedBytesMax)}`)
  await put('bomb/first.csv.gz', bomb)
  const tooLarge = { code: 'too_large', details: { limit: 'unpacked_bytes_max' } }
  await expect(link({ table: 'bomb.t', path: 'bomb/first.csv.gz' })).rejects.toMatchObject(tooLarge)
  expect((await platform.clients.reader.listVirtualTables()).tables).not.toContainEqual(
    expect.objectContaining({ table: 'bomb.t' }),
  )
  await put('bomb/first.csv.gz', gzipSync('a\n1\n'))
  await link({ table: 'bomb.t', path: 'bomb/*' })
  expect(await ask('FROM bomb.t')).toEqual([[1]])
  await put('bomb/second.csv.gz', bomb)
  await expect(ask('FROM bomb.t')).rejects.toMatchObject(tooLarge)
  const zeros = `SELECT repeat('0', ${unpackedBytesMax}) AS a`
  await rm(join(root, 'bomb/second.csv.gz'))
  await putZst('bomb/second.csv.zst', zeros, 'FORMAT csv')
  await expect(ask('FROM bomb.t')).rejects.toMatchObject(tooLarge)
})

test('many who come to a packed file at once are all answered, whoever of them gives up', async () => {
  const lines = Array.from({ length: 10_000 }, (_, index) => `${index}\n`)
  await put('once/1.csv.gz', gzipSync('a\n'))
  await put('once/0.csv.gz', gzipSync(`a\n${lines.join('')}`))
  await link({ table: 'once.t', path: 'once/*' })
  await put('once/2.csv.gz', gzipSync(`a\n${lines.join('')}`))
  const gone = new AbortController()
  const asked = Array.from({ length: 12 }, (_, index) => {
    const signal = index % 3 === 0 ? { signal: gone.signal } : {}
    return platform.clients.reader.sql('SELECT count(*), max(a) FROM once.t', signal)
  })
  const answers = Promise.allSettled(asked)
  gone.abort()
  for (const [index, answer] of (await answers).entries()) {
    if (index % 3 === 0) expect(answer.status).toBe('rejected')
    else expect(answer).toMatchObject({ value: { rows: [[20_000, 9999]] } })
  }
})

test('packed data that is damaged, cut off or of another kind than named is an error', async () => {
  const whole = gzipSync(csv)
  const damaged = Buffer.from(whole)
  // The checksum, which DuckDB itself does not look at.
  damaged.writeUInt32LE(1, damaged.length - 8)
  const cases: readonly [string, Uint8Array, string][] = [
    ['cut.csv.gz', whole.subarray(0, -9), 'invalid'],
    ['damaged.csv.gz', damaged, 'invalid'],
    ['trailing.csv.gz', Buffer.concat([whole, Buffer.from('more')]), 'invalid'],
    ['plain.csv.gz', Buffer.from(csv), 'invalid'],
    ['other.csv.zst', whole, 'invalid'],
    ['nothing.csv.gz', new Uint8Array(0), 'invalid'],
    ['twice.csv.gz', gzipSync(whole), 'unsupported_media'],
    ['unnamed.csv', whole, 'unsupported'],
    ['long.csv.gzip', whole, 'unsupported'],
    ['loud.CSV.GZ', whole, 'unsupported'],
  ]
  await put('bad/good.csv', csv)
  await link({ table: 'bad.all', path: 'bad/*' })
  for (const [name, body, code] of cases) {
    await put(`bad/${name}`, body)
    await expect(link({ table: 'bad.t', path: `bad/${name}` }), name).rejects.toMatchObject({
      code,
    })
    const seen = body.length === 0 ? undefined : code
    if (seen !== undefined) await expect(ask('FROM bad.all'), name).rejects.toMatchObject({ code })
    await rm(join(root, 'bad', name))
  }
  expect(await ask('SELECT count(*) FROM bad.all')).toEqual([[2]])
  const parquet = join(base, 'x.parquet')
  const duckdb = await (await DuckDBInstance.create(':memory:')).connect()
  await duckdb.run(`COPY (SELECT 1 AS a) TO '${parquet}' (FORMAT parquet)`)
  duckdb.disconnectSync()
  await put('bad/x.parquet.gz', gzipSync(await readFile(parquet)))
  await expect(link({ table: 'bad.t', path: 'bad/x.parquet.gz' })).rejects.toMatchObject({
    code: 'unsupported',
  })
  await symlink(parquet, join(root, 'bad/leak.csv.gz'))
  await expect(link({ table: 'bad.t', path: 'bad/leak.csv.gz' })).rejects.toMatchObject({
    code: 'forbidden',
  })
})

/** A gzip member with parts in its header that the gzip command does not write, and others do. */
function member(text: string, flags: number, parts: Uint8Array): Buffer {
  const plain = gzipSync(text)
  const header = Buffer.concat([
    plain.subarray(0, 3),
    Buffer.of(flags),
    plain.subarray(4, 10),
    parts,
  ])
  return Buffer.concat([header, plain.subarray(10)])
}

test('members of gzip and frames of zstd are read to the last, or none of them', async () => {
  const name = Buffer.from('rows.csv\0')
  const extra = Buffer.of(6, 0, 66, 67, 2, 0, 0, 0)
  const text = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => `${from + index}\n`).join('')
  const members = Array.from({ length: 40 }, (_, index) => {
    const rows = (index === 0 ? 'a\n' : '') + text(index * 100, index * 100 + 100)
    return index % 2 === 0 ? member(rows, 4, extra) : member(rows, 8, name)
  })
  await put('many/members.csv.gz', Buffer.concat(members))
  await link({ table: 'many.gz', path: 'many/members.csv.gz' })
  expect(await ask('SELECT count(*), sum(a) FROM many.gz')).toEqual([[4000, 7_998_000]])
  const frames: Buffer[] = []
  for (const [file, header] of [
    ['1.csv.zst', true],
    ['2.csv.zst', false],
  ] as const) {
    await putZst(
      `frames/${file}`,
      'SELECT i AS a FROM range(9000) t(i)',
      `FORMAT csv, HEADER ${header}`,
    )
    frames.push(await readFile(join(root, 'frames', file)))
  }
  const skippable = Buffer.concat([
    Buffer.of(0x50, 0x2a, 0x4d, 0x18, 5, 0, 0, 0),
    Buffer.from('other'),
  ])
  await put('many/frames.csv.zst', Buffer.concat([frames[0] ?? name, skippable, frames[1] ?? name]))
  await link({ table: 'many.zst', path: 'many/frames.csv.zst' })
  expect(await ask('SELECT count(*), sum(a) FROM many.zst')).toEqual([[18_000, 80_991_000]])
  // DuckDB knows no comments, and no zeros behind the last member, as tapes leave them.
  const odd = {
    comment: member('a\n1\n', 16, name),
    zeros: Buffer.concat([gzipSync('a\n1\n'), Buffer.alloc(512)]),
  }
  for (const [kind, body] of Object.entries(odd)) {
    await put(`many/${kind}.csv.gz`, body)
    const linking = link({ table: `many.${kind}`, path: `many/${kind}.csv.gz` })
    await expect(linking, kind).rejects.toMatchObject({ code: 'invalid' })
  }
})

const numbers = (from: number, to: number) => {
  const ids = Array.from({ length: to - from }, (_, index) => BigInt(from + index))
  return arrow.tableFromArrays({
    id: BigInt64Array.from(ids),
    name: ids.map((id) => (id % 2n === 0n ? null : `n${id}`)),
  })
}

test('Arrow files and streams are read where they lie, by the names of their columns', async () => {
  await put('arrow/year=2024/1.arrow', arrow.tableToIPC(numbers(0, 5000), 'file'))
  await put('arrow/year=2025/2.arrows', arrow.tableToIPC(numbers(5000, 5010), 'stream'))
  const swapped = arrow.tableFromArrays({
    extra: Int32Array.of(1),
    name: ['late'],
    id: BigInt64Array.of(9000n),
  })
  await put('arrow/year=2025/3.arrow', arrow.tableToIPC(swapped, 'file'))
  const linked = await link({ table: 'ipc.t', path: 'arrow/**/*.arrow*', hivePartitioning: true })
  expect(linked).toMatchObject({ format: 'arrow', files: 3 })
  expect(linked.columns).toEqual([
    { name: 'id', type: 'BIGINT', partition: false },
    { name: 'name', type: 'VARCHAR', partition: false },
    { name: 'year', type: 'BIGINT', partition: true },
  ])
  expect(
    await ask('SELECT year, count(*), count(name), max(id) FROM ipc.t GROUP BY ALL ORDER BY 1'),
  ).toEqual([
    [2024, 5000, 2500, 4999],
    [2025, 11, 6, 9000],
  ])
  const twice = `SELECT count(*) FROM ipc.t a JOIN ipc.t b USING (id) WHERE a.name = 'late'`
  expect(await ask(twice)).toEqual([[1]])
  const sql = 'SELECT id FROM ipc.t ORDER BY id'
  const { rows, next } = await platform.clients.reader.sql({ sql, pageRows: 3000 })
  expect([rows.length, rows.at(-1)]).toEqual([3000, [2999]])
  const { rows: more } = await platform.clients.reader.sqlPage(next ?? '')
  expect(more[0]).toEqual([3000])
  await expect(ask('SELECT nope FROM ipc.t')).rejects.toMatchObject({ code: 'invalid' })
  const other = arrow.tableFromArrays({ id: Int32Array.of(1), name: ['x'] })
  await put('arrow/year=2025/4.arrow', arrow.tableToIPC(other, 'file'))
  await expect(ask('FROM ipc.t')).rejects.toMatchObject({
    code: 'conflict',
    details: { column: 'id' },
  })
  await put('arrow/year=2025/4.arrow', Buffer.from('ARROW1\0\0 and nothing else'))
  await expect(ask('FROM ipc.t')).rejects.toMatchObject({ code: 'invalid' })
})

test('a saved query over an Arrow file runs; one that is packed as a whole is refused', async () => {
  const many = arrow.tableFromArrays({ id: new Float64Array(unpackedBytesMax / 4) })
  await put('large/1.arrow', arrow.tableToIPC(numbers(0, 3), 'file'))
  await link({ table: 'ipc.large', path: 'large/1.arrow' })
  await platform.clients.writer.saveQuery('large_ids', { sql: 'SELECT sum(id) FROM ipc.large' })
  expect((await platform.clients.reader.runSavedQuery('large_ids', {})).rows).toEqual([[3]])
  await put('large/2.arrow', gzipSync(arrow.tableToIPC(many, 'stream')))
  await expect(link({ table: 'ipc.packed', path: 'large/2.arrow' })).rejects.toMatchObject({
    code: 'unsupported',
  })
})
