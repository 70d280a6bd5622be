import { readFile } from 'node:fs/promises'
import { toDataFileEntry } from '@hypermesh/iceberg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LoadBench, numbered, typesOf } from './_lake-files.ts'

let bench: LoadBench
beforeAll(async () => {
  bench = await LoadBench.open()
})
afterAll(() => bench[Symbol.asyncDispose]())

/** One value of a stated type through a load: what is stored, as text, or why it is refused. */
async function stored(type: string, value: string): Promise<string> {
  try {
    const text = `a,b\n"${value.replaceAll('"', '""')}",1\n`
    const source = await bench.infer('x.csv', text, { types: { a: type } })
    const [file] = await bench.copy(source)
    const [row] = await bench.session.rows(`SELECT a::VARCHAR a FROM read_parquet('${file?.path}')`)
    return `${typesOf(source).a} ${row?.a}`
  } catch (error) {
    const { code, message } = error as { code: string; message: string }
    return `${code}: ${message}`
  }
}

test('a type that tables lack is cast by its rule, and a value that does not survive is refused', async () => {
  const most = '9'.repeat(38)
  expect(await stored('HUGEINT', most)).toBe(`decimal(38, 0) ${most}`)
  expect(await stored('HUGEINT', `-${most}`)).toBe(`decimal(38, 0) -${most}`)
  expect(await stored('HUGEINT', `1${'0'.repeat(38)}`)).toMatch(/^invalid: Could not cast/)
  expect(await stored('UHUGEINT', `2${'0'.repeat(38)}`)).toMatch(/^invalid: Could not cast/)
  expect(await stored('UTINYINT', '255')).toBe('int 255')
  expect(await stored('UTINYINT', '256')).toMatch(/^invalid: line 2: .* not a UTINYINT/)
  expect(await stored('USMALLINT', '65535')).toBe('int 65535')
  expect(await stored('UINTEGER', '4294967295')).toBe('long 4294967295')
  expect(await stored('UBIGINT', '18446744073709551615')).toBe(
    'decimal(20, 0) 18446744073709551615',
  )
  expect(await stored('TIMETZ', '10:00:00+02')).toBe('string 10:00:00+02')
  expect(await stored('INTERVAL', '1 day 2 hours')).toBe('string 1 day 02:00:00')
  expect(await stored("ENUM('a', 'b')", 'b')).toBe('string b')
  expect(await stored("ENUM('a', 'b')", 'c')).toMatch(/^invalid: line 2/)
  expect(await stored('BIT', '0101')).toBe('string 0101')
  expect(await stored('JSON', '{"x": 1.10}')).toBe('string {"x": 1.10}')
  const micros = '2020-01-01 00:00:00.123456'
  expect(await stored('TIMESTAMP_NS', micros)).toBe(`timestamp ${micros}`)
  expect(await stored('TIMESTAMP_NS', `${micros}7`)).toMatch(/^invalid: .*cannot be held exactly/)
  expect(await stored('TIME_NS', '10:00:00.0000001')).toMatch(/^invalid: .*cannot be held exactly/)
  for (const type of ['UNION(a INTEGER, b VARCHAR)', 'BIGNUM', 'VARIANT', 'GEOMETRY']) {
    expect(await stored(type, '5')).toMatch(/^unsupported: type .* has no place in a table/)
  }
})

test('NaN and the infinities are kept, counted, and stand outside and inside the bounds', async () => {
  const text = 'd,f,n\nnan,inf,1\n2.5,-inf,2\nNaN,NaN,3\n-1,,4\n,0,5\n'
  const source = await bench.infer('x.csv', text, { types: { f: 'FLOAT' } })
  const columns = numbered(source.columns)
  const [file] = await bench.copy(source, columns)
  const rows = await bench.session.rows(`SELECT d, f FROM read_parquet('${file?.path}') ORDER BY n`)
  expect(rows).toEqual([
    { d: Number.NaN, f: Number.POSITIVE_INFINITY },
    { d: 2.5, f: Number.NEGATIVE_INFINITY },
    { d: Number.NaN, f: Number.NaN },
    { d: -1, f: null },
    { d: null, f: 0 },
  ])
  if (file === undefined) throw new Error('no file was written')
  const fields = columns.map(({ id, name, type }) => ({ id, name, type, required: false }))
  const entry = toDataFileEntry({ ...file, uri: 'file:///x', schema: { type: 'struct', fields } })
  const bound = (text?: string) => Buffer.from(text ?? '', 'base64')
  expect(entry.valueCounts).toMatchObject({ 1: 5, 2: 5 })
  expect(entry.nullCounts).toMatchObject({ 1: 1, 2: 1 })
  expect(entry.nanCounts).toEqual({ 1: 2, 2: 1 })
  expect(bound(entry.lowerBounds[1]).readDoubleLE()).toBe(-1)
  expect(bound(entry.upperBounds[1]).readDoubleLE()).toBe(2.5)
  expect(bound(entry.lowerBounds[2]).readFloatLE()).toBe(Number.NEGATIVE_INFINITY)
  expect(bound(entry.upperBounds[2]).readFloatLE()).toBe(Number.POSITIVE_INFINITY)
})

test('NaN is counted in members of structs, and a column of nothing else has no bounds', async () => {
  const path = await bench.file('made.parquet', '')
  await bench.session.run(
    `COPY (SELECT {'x y': unnest(['nan'::DOUBLE, 1])} s, 'nan'::FLOAT f, ['nan'::DOUBLE] l)
    TO '${path}' (FORMAT parquet)`,
  )
  const source = await bench.infer('x.parquet', await readFile(path))
  const columns = numbered(source.columns)
  const [file] = await bench.copy(source, columns)
  if (file === undefined) throw new Error('no file was written')
  const fields = columns.map(({ id, name, type }) => ({ id, name, type, required: false }))
  const entry = toDataFileEntry({ ...file, uri: 'file:///x', schema: { type: 'struct', fields } })
  const ids = new Map(columns.map(({ name, id }) => [name, id]))
  expect(entry.nanCounts).toEqual({ [(ids.get('s') ?? 0) + 1]: 1, [ids.get('f') ?? 0]: 2 })
  expect(entry.lowerBounds).not.toHaveProperty(String(ids.get('f')))
})

test('a CSV as wide as the limit is loaded; a wider one is refused before it is read', async () => {
  const wide = (columns: number) => {
    const names = Array.from({ length: columns }, (_, index) => `c${index}`)
    const row = names.map((_, index) => (index % 2 === 0 ? index : `t${index}`))
    return `${names.join(',')}\n${row.join(',')}\n${row.join(',')}\n`
  }
  const options = { textColumnsMax: 1200 }
  const source = await bench.infer('x.csv', wide(1200), options)
  const [file] = await bench.copy(source)
  expect(file).toMatchObject({ rows: 2 })
  expect(file?.columns).toHaveLength(1200)
  for (const name of ['x.csv', 'x.tsv']) {
    const text = name === 'x.csv' ? wide(10_000) : wide(10_000).replaceAll(',', '\t')
    await expect(bench.infer(name, text)).rejects.toMatchObject({
      code: 'too_large',
      details: { limit: 'text_columns_max', textColumnsMax: 4000 },
    })
  }
  const keys = Object.fromEntries(Array.from({ length: 1201 }, (_, index) => [`k${index}`, index]))
  await expect(bench.infer('x.json', JSON.stringify([keys]), options)).rejects.toMatchObject({
    code: 'too_large',
  })
})
