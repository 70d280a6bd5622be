import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LoadBench, typesOf } from './_lake-files.ts'

let bench: LoadBench
beforeAll(async () => {
  bench = await LoadBench.open()
})
afterAll(() => bench[Symbol.asyncDispose]())

const refused = async (name: string, content: string | Uint8Array, pattern: RegExp) => {
  const work = bench.load(name, content)
  await expect(work).rejects.toMatchObject({ message: expect.stringMatching(pattern) })
  return work.catch((error: unknown) => error as { code: string; details: unknown })
}

describe('dialects', () => {
  test.each([
    [',', 'comma'],
    [';', 'semicolon'],
    ['|', 'pipe'],
    ['\t', 'tab'],
  ])('%j separates (%s)', async (delimiter) => {
    const text = `a${delimiter}b\n1${delimiter}x\n2${delimiter}"y${delimiter}z"\n`
    const source = await bench.infer('x.csv', text)
    expect(source.options).toMatchObject({ delimiter, header: true })
    expect(await bench.load('x.csv', text)).toEqual([
      { a: 1n, b: 'x' },
      { a: 2n, b: `y${delimiter}z` },
    ])
  })

  test('decimal commas do not win over semicolons', async () => {
    const source = await bench.infer('x.csv', 'a;b\n1,5;2\n2,5;3\n')
    expect(source.options).toMatchObject({ delimiter: ';' })
  })

  test('CRLF, a quoted line break, and a last line without an end are read', async () => {
    expect(await bench.load('x.csv', 'a,b\r\n1,"x\r\ny"\r\n2,z')).toEqual([
      { a: 1n, b: 'x\r\ny' },
      { a: 2n, b: 'z' },
    ])
  })

  test('a byte order mark of UTF-8 is no part of the first name', async () => {
    expect(await bench.load('x.csv', '\uFEFFa,b\n1,2\n')).toEqual([{ a: 1n, b: 2n }])
  })

  test('quotes within an unquoted tab-separated field are text', async () => {
    expect(await bench.load('x.tsv', 'a\tb\n5" pipe\t1\n"6 inch\t2\n')).toEqual([
      { a: '5" pipe', b: 1n },
      { a: '"6 inch', b: 2n },
    ])
  })

  test('quotes escaped by a backslash are read', async () => {
    expect(await bench.load('x.csv', 'a,b\n1,"say \\"hi\\", ok"\n')).toEqual([
      { a: 1n, b: 'say "hi", ok' },
    ])
  })

  test('one column needs no delimiter', async () => {
    expect(await bench.load('x.csv', 'name\nalice\nbob\n')).toEqual([
      { name: 'alice' },
      { name: 'bob' },
    ])
  })

  test('a file of numbers only has no header', async () => {
    const source = await bench.infer('x.csv', '1,2\n3,4\n')
    expect(source.options).toMatchObject({ header: false })
    expect(await bench.copy(source)).toMatchObject([{ rows: 2 }])
  })

  test('a header alone is a table of no rows and writes no file', async () => {
    const source = await bench.infer('x.csv', 'a,b\n')
    expect(typesOf(source)).toEqual({ a: 'string', b: 'string' })
    expect(await bench.copy(source)).toEqual([])
  })

  test('blank lines before the header are passed over and nothing else', async () => {
    expect(await bench.load('x.csv', '\n\na,b\n1,2\n')).toEqual([{ a: 1n, b: 2n }])
    expect(await refused('x.csv', '# title\na,b,c\n1,2,3\n4,5,6\n', /line \d: /)).toMatchObject({
      code: 'invalid',
    })
  })
})

describe('names', () => {
  test('any text is kept exactly', async () => {
    const names = ['Beak Length (mm)', 'a"b', "c'd", 'e.f', 'g\nh', '😀', ' i ', 'select', '{j}']
    const header = names.map((name) => `"${name.replaceAll('"', '""')}"`).join(',')
    const [row] = await bench.load('x.csv', `${header}\n${names.map((_, i) => i).join(',')}\n`)
    expect(row).toEqual(Object.fromEntries(names.map((name, i) => [name, BigInt(i)])))
  })

  test('duplicates are refused, also without case', async () => {
    await refused('x.csv', 'a,b,a\n1,2,3\n', /"a" and "a"/)
    await refused('x.csv', 'Zip,zip\n1,2\n', /"Zip" and "zip"/)
    expect(await refused('x.csv', 'a,a_1,a\n1,2,3\n', /one name/)).toMatchObject({
      code: 'invalid',
    })
  })

  test('an empty name is refused by its position', async () => {
    await refused('x.csv', 'a,,c\n1,2,3\n', /column 2 has no name/)
  })
})

describe('what is refused', () => {
  test('ragged rows, by their line', async () => {
    const short = await refused('x.csv', 'a,b,c\n1,2,3\n4,5\n6,7,8\n', /line 3: .* 2 fields .* 3/)
    expect(short).toMatchObject({ code: 'invalid', details: { line: 3 } })
    await refused('x.csv', 'a,b\n1,2,3\n4,5\n', /line 2: /)
    const late = `a,b\n${'1,2\n'.repeat(60_000)}4,5,6\n7,8\n`
    expect(await refused('x.csv', late, /line 60002: /)).toMatchObject({ code: 'invalid' })
  })

  test('text that is not UTF-8, by its line', async () => {
    const bytes = Buffer.concat([Buffer.from('a,b\n1,2\n'), Buffer.from([0xff, 0xfe, 44, 49, 10])])
    expect(await refused('x.csv', bytes, /not UTF-8.*line 3/)).toMatchObject({ code: 'invalid' })
    const late = Buffer.concat([Buffer.from(`a,b\n${'1,x\n'.repeat(400_000)}`), bytes.subarray(8)])
    await refused('x.csv', late, /UTF-8/)
  })

  test.each([
    ['UTF-16 little-endian', Buffer.from('\uFEFFa,b\n1,2\n', 'utf16le')],
    ['UTF-16 big-endian', Buffer.from('\uFEFFa,b\n1,2\n', 'utf16le').swap16()],
  ])('%s, by its name', async (name, bytes) => {
    await refused('x.csv', bytes, new RegExp(name))
  })

  test('an empty file and one of white space', async () => {
    await refused('x.csv', '', /empty/)
    await refused('x.csv', ' \n\n ', /no rows/)
  })

  test('a packed file', async () => {
    const error = await refused('x.csv', Buffer.from([0x1f, 0x8b, 8, 0, 0, 0]), /gzip/)
    expect(error).toMatchObject({ code: 'unsupported_media' })
  })

  test('a quote that does not end', async () => {
    await refused('x.csv', 'a,b\n1,"x\n3,4\n', /quoted/)
  })

  test('a line longer than the limit', async () => {
    await refused('x.csv', `a,b\n1,${'x'.repeat(3_000_000)}\n`, /longer than/)
  })
})

describe('types', () => {
  test('are those of the values', async () => {
    const text = [
      'i,h,d,b,dt,ts,tz,tm,s,zip',
      '1,12345678901234567890,1.5,true,2020-01-01,2020-01-01 10:00:00,2020-01-01T10:00:00Z,10:00:00,x,00501',
      '2,1,2,false,2020-01-02,2020-01-01 10:00:00.5,2020-01-01T10:00:00+02:00,11:00:00,y,10001',
    ].join('\n')
    expect(typesOf(await bench.infer('x.csv', text))).toEqual({
      i: 'long',
      h: 'decimal(38, 0)',
      d: 'double',
      b: 'boolean',
      dt: 'date',
      ts: 'timestamp',
      tz: 'timestamptz',
      tm: 'time',
      s: 'string',
      zip: 'string',
    })
    const rows = await bench.load('x.csv', text)
    expect(rows[0]).toMatchObject({ zip: '00501', i: 1n })
    const files = await bench.copy(await bench.infer('x.csv', text))
    const statistics = new Map(files[0]?.columns)
    expect(statistics.get('"h"')).toMatchObject({ max: '12345678901234567890' })
  })

  test.each([
    ['1.5', 'double'],
    ['007', 'string'],
    ['x', 'string'],
    ['12345678901234567890', 'decimal(38, 0)'],
  ])('a late %s in a column of integers is never rounded', async (value, type) => {
    const text = `a,b\n${'1,2\n'.repeat(60_000)}${value},3\n`
    const sampled = await bench.infer('x.csv', text)
    expect(sampled.inferredFrom).toBe('sample')
    const error = await bench.copy(sampled).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'invalid', details: { typesMayChange: true } })
    const whole = await bench.infer('x.csv', text, { wholeFile: true })
    expect(typesOf(whole)).toEqual({ a: type, b: 'long' })
    expect(await bench.copy(whole)).toMatchObject([{ rows: 60_001 }])
  })

  test('a late time of day in a column of dates is never dropped', async () => {
    const text = `a,b\n${'2020-01-01,2\n'.repeat(60_000)}2020-01-01 10:00:00,3\n`
    await expect(bench.load('x.csv', text)).rejects.toMatchObject({ code: 'invalid' })
    const whole = await bench.infer('x.csv', text, { wholeFile: true })
    expect(typesOf(whole)).toEqual({ a: 'timestamp', b: 'long' })
  })

  test('nanoseconds are refused, not cut', async () => {
    const text = 'a\n2020-01-01 10:00:00.123456789\n'
    await expect(bench.load('x.csv', text)).rejects.toMatchObject({ code: 'invalid' })
    const rows = await bench.load('x.csv', text, { types: { a: 'VARCHAR' } })
    expect(rows).toEqual([{ a: '2020-01-01 10:00:00.123456789' }])
  })

  test.each([
    ['at the start', ''],
    ['late', 'x,1,1.5,2024-01-01,1\n'.repeat(60_000)],
  ])('two quotes %s are an empty text, and null where there is no text', async (_, before) => {
    const text = `t,i,d,day,o\n${before}"","","","",""\n,,,,\n"y","2","2.5","2024-01-02","3"\n`
    const rows = await bench.load('x.csv', text, {
      types: { o: 'INTEGER' },
      wholeFile: before !== '',
    })
    const nothing = { i: null, d: null, day: null, o: null }
    expect(rows.slice(-3)).toMatchObject([
      { t: '', ...nothing },
      { t: null, ...nothing },
      { t: 'y', i: 2n, d: 2.5, o: 3 },
    ])
  })

  test('dates in a format of their own may be missing in quotes', async () => {
    const text = `a,b\n${'13/02/2024,x\n'.repeat(9)}"",""\n`
    const rows = await bench.load('x.csv', text, { wholeFile: true })
    expect(rows.map(({ a, b }) => [a === null, b])).toEqual([
      ...Array.from({ length: 9 }, () => [false, 'x']),
      [true, ''],
    ])
    expect(rows[0]?.a).toEqual(new Date('2024-02-13'))
  })

  test('a column empty in the sample is told by the rest', async () => {
    const text = `a,b\n${'1,\n'.repeat(60_000)}1,5\n`
    const source = await bench.infer('x.csv', text)
    expect(source.inferredFrom).toBe('all')
    expect(typesOf(source)).toEqual({ a: 'long', b: 'long' })
  })

  test('overrides are taken, plain or nested', async () => {
    const text = 'zip,l\n501,"[1, 2]"\n'
    const source = await bench.infer('x.csv', text, {
      types: { zip: 'decimal(9, 2)', l: 'INTEGER[]' },
    })
    expect(source.columns.map((column) => [column.sourceType, column.from])).toEqual([
      ['DECIMAL(9,2)', 'override'],
      ['INTEGER[]', 'override'],
    ])
    expect(await bench.copy(source)).toMatchObject([{ rows: 1 }])
  })

  test('an override for no column names the nearest', async () => {
    const work = bench.infer('x.csv', 'zip,b\n1,2\n', { types: { zap: 'VARCHAR' } })
    await expect(work).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringMatching(/"zap".*did you mean "zip"/),
    })
  })

  test.each([
    "VARCHAR'); DROP TABLE x; --",
    'STRUCT(a INTEGER',
    'INTEGER; SELECT 1',
    'nosuchtype',
    '',
    "VARCHAR, x: 'INTEGER'",
  ])('%j is no type', async (type) => {
    const work = bench.infer('x.csv', 'a\n1\n', { types: { a: type } })
    await expect(work).rejects.toMatchObject({ code: 'invalid' })
  })

  test('a path with characters of patterns means one file', async () => {
    const source = await bench.infer('we*rd[1]?.csv', 'a\n1\n')
    await bench.file('we-rd1x.csv', 'a\n2\n')
    expect(await bench.copy(source)).toMatchObject([{ rows: 1 }])
  })
})
