import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ErrorReply, json, Server, samples } from './_server.ts'

let server: Server
beforeAll(async () => {
  server = await Server.start()
})
afterAll(() => server[Symbol.asyncDispose]())

const rowsOf = async (table: string) => (await server.sql(`FROM ${table} ORDER BY ALL`)).rows

describe('each format becomes the same table', () => {
  test.each([
    ['csv', 'id,name\n1,Ann\n2,"Bo ""B"" B"\n'],
    ['tsv', 'id\tname\n1\tAnn\n2\tBo "B" B\n'],
    ['ndjson', '{"id":1,"name":"Ann"}\n{"id":2,"name":"Bo \\"B\\" B"}\n'],
    ['json', '[{"id":1,"name":"Ann"},{"id":2,"name":"Bo \\"B\\" B"}]'],
  ])('%s', async (format, text) => {
    const receipt = await server.load(`formats.${format}`, text, `format=${format}`)
    expect(receipt).toMatchObject({ result: 'committed', rows: 2, format, bytesIn: text.length })
    expect(await rowsOf(`formats.${format}`)).toEqual([
      [1, 'Ann'],
      [2, 'Bo "B" B'],
    ])
  })

  test('parquet, three million rows', async () => {
    const bytes = await readFile(join(samples, 'flights-3m.parquet'))
    const receipt = await server.load('formats.parquet', bytes, 'name=flights-3m.parquet')
    expect(receipt).toMatchObject({ rows: 3_000_000, format: 'parquet' })
    const reply = await server.sql('SELECT count(*), count(DISTINCT origin) FROM formats.parquet')
    expect(reply.rows).toEqual([[3_000_000, 229]])
  })
})

test('a packed file is partitioned, its bad rows left out and told', async () => {
  const text = 'day,n\n2024-01-31,1\n2024-02-01,2\nbroken\n2024-02-01,3\n'
  const query = 'name=days.csv.gz&partition_by=month(day)&sort_by=n desc&on_bad_rows=skip'
  const receipt = await server.load('formats.days', gzipSync(text), query)
  expect(receipt).toMatchObject({
    rows: 3,
    compression: 'gzip',
    partitions: 2,
    badRows: { count: 1, samples: [{ line: 4 }] },
  })
  const reply = await server.sql("SELECT n FROM formats.days WHERE day >= DATE '2024-02-01'")
  expect(reply.rows.flat().toSorted()).toEqual([2, 3])
})

test('an answer of SQL as Arrow is loaded again as it is', async () => {
  const sql = "SELECT 1::BIGINT AS id, 'Ann' AS name, [1, NULL] AS list, 1.10::DECIMAL(4, 2) AS d"
  const answer = await server.fetch('/v1/sql', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/vnd.apache.arrow.stream',
    },
    body: JSON.stringify({ sql }),
  })
  const bytes = new Uint8Array(await answer.arrayBuffer())
  expect(await server.load('formats.arrow', bytes, '')).toMatchObject({ rows: 1, format: 'arrow' })
  expect(await rowsOf('formats.arrow')).toEqual([[1, 'Ann', [1, null], '1.10']])
})

test('files of a form are loaded one by one, or together in one commit', async () => {
  const form = (names: readonly string[]) => {
    const files = new FormData()
    for (const name of names) files.append('file', new Blob([`a\n${name.length}\n`]), name)
    return files
  }
  const post = (body: FormData, query: string) =>
    server.fetch(`/v1/ingest/main.form?${query}`, { method: 'POST', body })
  const one = await post(form(['x.csv', 'wrong.parquet', 'long.csv']), '')
  expect(one.status).toBe(207)
  expect(await json(one)).toMatchObject({
    failed: 1,
    results: [{ receipt: { rows: 1 } }, { error: { code: 'invalid' } }, { receipt: { rows: 1 } }],
  })
  const refused = await post(form(['y.csv', 'wrong.parquet']), 'atomic=true')
  expect([refused.status, (await json<ErrorReply>(refused)).error.message]).toEqual([
    400,
    expect.stringMatching(/^wrong\.parquet:/),
  ])
  const both = await post(form(['abc.csv', 'abcd.csv']), 'atomic=true')
  expect(both.status).toBe(200)
  expect(await rowsOf('main.form')).toEqual([[5], [7], [8], [8]])
})

test('the same bytes again change nothing and say so; again=true loads them', async () => {
  const first = await server.load('main.twice', 'a\n1\n')
  const second = await server.load('main.twice', 'a\n1\n')
  expect(second).toMatchObject({ result: 'already-loaded', rows: 0, snapshotId: first.snapshotId })
  expect(await rowsOf('main.twice')).toEqual([[1]])
  await server.load('main.twice', 'a\n1\n', 'format=csv&again=true')
  expect(await rowsOf('main.twice')).toEqual([[1], [1]])
})

test('columns match by name, new ones are added, safe widening is applied', async () => {
  const types = encodeURIComponent(JSON.stringify({ a: 'INTEGER' }))
  await server.load('main.grown', 'a,b\n1,x\n', `format=csv&types=${types}`)
  const receipt = await server.load('main.grown', 'c,a\ntrue,5000000000\n')
  expect(receipt.schemaChanges.map((change) => change.kind).sort()).toEqual([
    'add-column',
    'widen-column',
  ])
  const reply = await server.sql('SELECT a, b, c FROM main.grown ORDER BY a')
  expect(reply.rows).toEqual([
    [1, 'x', null],
    [5_000_000_000, null, true],
  ])
})

test('a type that does not fit is refused with both types named, and nothing changes', async () => {
  await server.load('main.typed', 'day\n2024-01-31\n')
  const init = { method: 'PUT', body: 'day\nnever\n' }
  const response = await server.fetch('/v1/ingest/main.typed?format=csv', init)
  expect(response.status).toBe(422)
  const { error } = await json<ErrorReply>(response)
  expect(error.code).toBe('type_mismatch')
  expect(error.message).toMatch(/date/i)
  expect(error.message).toMatch(/string|varchar/i)
  expect(await rowsOf('main.typed')).toEqual([['2024-01-31']])
})

test('overwrite replaces the rows; the earlier snapshot stays readable', async () => {
  const before = await server.load('main.replaced', 'a\n1\n2\n')
  await server.load('main.replaced', 'a\n3\n', 'format=csv&mode=overwrite')
  expect(await rowsOf('main.replaced')).toEqual([[3]])
  expect(await rowsOf(`main.replaced AT (VERSION => ${before.snapshotId})`)).toEqual([[1], [2]])
})

test('column names are any text, as real files have them', async () => {
  const bytes = await readFile(join(samples, 'penguins.json'))
  const receipt = await server.load('main.penguins', bytes, 'name=penguins.json')
  expect(receipt.rows).toBe(344)
  const reply = await server.sql('SELECT max("Beak Length (mm)") FROM main.penguins')
  expect(reply.rows).toEqual([[59.6]])
})

test('inspect shows what ingest will do, and stores nothing', async () => {
  const types = encodeURIComponent(JSON.stringify({ zip: 'VARCHAR' }))
  const init = { method: 'POST', body: 'zip,n\n01234,1\n' }
  const response = await server.fetch(`/v1/inspect?format=csv&types=${types}`, init)
  const inspection = await json(response)
  expect(inspection).toMatchObject({ format: 'csv' })
  expect(inspection.columns).toMatchObject([
    { name: 'zip', type: 'string', from: 'override' },
    { name: 'n', type: 'long', from: 'inferred' },
  ])
  await server.load('main.zips', 'zip,n\n01234,1\n', `format=csv&types=${types}`)
  expect(await rowsOf('main.zips')).toEqual([['01234', 1]])
})
