import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LoadBench, typesOf } from './_lake-files.ts'

let bench: LoadBench
beforeAll(async () => {
  bench = await LoadBench.open()
})
afterAll(() => bench[Symbol.asyncDispose]())

const refused = (name: string, content: string | Uint8Array, pattern: RegExp) =>
  expect(bench.load(name, content)).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringMatching(pattern),
  })

describe('what is read', () => {
  test.each([
    ['x.ndjson', '{"a":1,"b":"x"}\n\n{"a":2}\n'],
    ['x.json', '[{"a":1,"b":"x"},\n{"a":2}]'],
    ['x.json', '{"a":1,\n"b":"x"}\n{"a":2}'],
    ['x.bin', '{"a":1,"b":"x"}\n{"a":2}\n'],
    ['x.bin', ' [{"a":1,"b":"x"},{"a":2}]'],
  ])('%s: %j', async (name, text) => {
    expect(await bench.load(name, text)).toEqual([
      { a: 1n, b: 'x' },
      { a: 2n, b: null },
    ])
  })

  test('types hold every row, late ones too', async () => {
    const text = `${'{"a":1,"b":1,"c":"2020-01-01"}\n'.repeat(30_000)}{"a":1.5,"b":"7","c":"x","z":[{"k":true}]}\n`
    const source = await bench.infer('x.ndjson', text)
    expect(source.inferredFrom).toBe('all')
    expect(typesOf(source)).toMatchObject({ a: 'double', b: 'string', c: 'string' })
    expect(await bench.copy(source)).toMatchObject([{ rows: 30_001 }])
  })

  test('names are any text, nested ones too', async () => {
    const text = '{"Beak (mm)":1,"a\\"b":{"x y":1,"z\\"":[2]},"c.d":"e","😀":null}\n'
    expect(await bench.load('x.ndjson', text)).toEqual([
      { 'Beak (mm)': 1n, 'a"b': { 'x y': 1n, 'z"': [2n] }, 'c.d': 'e', '😀': null },
    ])
  })

  test('hundreds of keys that seldom appear are columns', async () => {
    const text = Array.from({ length: 300 }, (_, index) => `{"k${index}":${index}}`).join('\n')
    expect((await bench.infer('x.ndjson', text)).columns).toHaveLength(300)
  })

  test('an override reads the text as it stands', async () => {
    const text = '{"a":"2020-01-01T10:00:00Z","b":7}\n'
    expect(await bench.load('x.ndjson', text, { types: { a: 'VARCHAR', b: 'DOUBLE' } })).toEqual([
      { a: '2020-01-01T10:00:00Z', b: 7 },
    ])
  })

  test('whole numbers of both signs are long where they fit, in lists and objects too', async () => {
    const text =
      '{"a":1,"b":1,"c":[1,-1],"d":{"e":1,"f":1}}\n{"a":-2,"b":-1,"c":[],"d":{"e":-1,"f":-1}}\n'
    const source = await bench.infer('x.ndjson', text)
    expect(typesOf(source)).toMatchObject({ a: 'long', b: 'long', c: { element: 'long' } })
    expect(await bench.load('x.ndjson', text)).toEqual([
      { a: 1n, b: 1n, c: [1n, -1n], d: { e: 1n, f: 1n } },
      { a: -2n, b: -1n, c: [], d: { e: -1n, f: -1n } },
    ])
    const wide =
      '{"a":18446744073709551615,"b":{"c":9223372036854775808},"d":1}\n{"a":-1,"b":{"c":-1},"d":-9223372036854775808}\n'
    expect(typesOf(await bench.infer('x.ndjson', wide))).toMatchObject({
      a: 'decimal(38, 0)',
      b: { fields: [{ type: 'decimal(38, 0)' }] },
      d: 'long',
    })
  })

  test('timestamps with a T and a fraction are timestamps, where every value is one', async () => {
    const text =
      '{"a":null,"b":"2024-01-31T12:00:00.5","c":"2024-01-31T12:00:00.1234567","d":"2024-01-31T12:00:00.5"}\n' +
      '{"a":"1969-12-31T23:59:59.999999","b":"2024-02-01T00:00:00","c":null,"d":"2024-02-30T00:00:00"}\n'
    const source = await bench.infer('x.ndjson', text)
    expect(typesOf(source)).toEqual({ a: 'timestamp', b: 'timestamp', c: 'string', d: 'string' })
    const path = (await bench.copy(source))[0]?.path
    const sql = `SELECT CAST(COLUMNS(*) AS VARCHAR) FROM read_parquet('${path}')`
    expect(await bench.session.rows(sql)).toMatchObject([
      { a: null, b: '2024-01-31 12:00:00.5' },
      { a: '1969-12-31 23:59:59.999999', b: '2024-02-01 00:00:00' },
    ])
  })

  test('a column of nulls says that it holds nothing', async () => {
    const source = await bench.infer('x.ndjson', '{"a":1,"b":null}\n{"a":2,"b":null}\n')
    expect(source.columns.map((column) => column.allNull)).toEqual([false, true])
    expect(await bench.load('x.ndjson', '{"a":1,"b":null}\n')).toEqual([{ a: 1n, b: null }])
  })

  test('strings among other values keep no quotes, in lists and objects too', async () => {
    const text = [
      '{"id":1,"t":1776,"l":["x",1,null],"s":{"k":"a\\"b"}}',
      '{"id":2,"t":"The \\"Land\\" Girls","l":["y"],"s":{"k":[1, 2.5]}}',
      '{"id":3,"t":{"a": "x"},"l":null,"s":{"k":null}}',
      '{"id":4,"t":null,"l":[{"z":1}],"s":null}',
      '{"id":5,"t":"null"}',
    ].join('\n')
    const rows = await bench.load('x.ndjson', text)
    expect(rows.map((row) => row.t)).toEqual([
      '1776',
      'The "Land" Girls',
      '{"a":"x"}',
      null,
      'null',
    ])
    expect(rows.map((row) => row.l)).toEqual([['x', '1', null], ['y'], null, ['{"z":1}'], null])
    expect(rows.map((row) => row.s)).toEqual([
      { k: 'a"b' },
      { k: '[1,2.5]' },
      { k: null },
      null,
      null,
    ])
  })

  test('a column that is asked for as JSON keeps the exact text', async () => {
    const text = '{"a":1}\n{"a":"7"}\n{"a":null}\n'
    const rows = await bench.load('x.ndjson', text, { types: { a: 'JSON' } })
    expect(rows.map((row) => row.a)).toEqual(['1', '"7"', null])
  })
})

describe('what is refused', () => {
  test('values that are no objects', async () => {
    await refused('x.ndjson', '1\n2\n', /list of objects/)
    await refused('x.ndjson', '{"a":1}\n2\n', /list of objects/)
    await refused('x.json', '[1,2]', /list of objects/)
    await refused('x.json', '"text"', /list of objects/)
    await refused('x.json', '[{"a":1},2]', /list of objects/)
    await refused('x.json', '[]', /empty/)
    await refused('x.ndjson', '[{"a":1}]', /format=json/)
    await refused('x.ndjson', ' \n', /no rows/)
  })

  test('malformed text, by its line', async () => {
    await refused('x.ndjson', '{"a":1}\n{"a":\n{"a":3}\n', /malformed/)
    await refused('x.json', '[{"a":1},{"a":', /malformed/)
    await refused('x.json', '[{"a":1}] x', /malformed/)
    const bytes = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}\n')])
    await refused('x.ndjson', bytes, /UTF-8/)
  })

  test('keys that differ only in case, a key twice, an empty key', async () => {
    await refused('x.ndjson', '{"a":1}\n{"A":2}\n', /one name: "A" and "a"/)
    await refused('x.ndjson', '{"a":1,"a":2}\n', /twice/)
    await refused('x.ndjson', '{"a":{"b":1,"B":2}}\n', /case/)
    await refused('x.ndjson', '{"a":1,"":2}\n', /no name/)
  })

  test('names that only look renamed are kept', async () => {
    expect(await bench.load('x.ndjson', '{"a":1,"a_1":2,"C1":3}\n')).toEqual([
      { a: 1n, a_1: 2n, C1: 3n },
    ])
  })
})
