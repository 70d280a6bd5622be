import { tableFromIPC } from 'apache-arrow'
import { expect, test } from 'vitest'
import { resultColumns } from '../src/result-columns.ts'
import { type EncodedTotals, type EncodeOptions, encodeResult } from '../src/result-encoder.ts'
import { openBeforeAll } from './_database.ts'

const opened = openBeforeAll({ threads: 2, memoryBytes: 512 * 1024 * 1024 })

async function encode(
  sql: string,
  format: EncodeOptions['format'],
  limits = {},
): Promise<{ body: Buffer; totals: EncodedTotals; pieces: number }> {
  await using session = await opened.database.connect()
  const stream = await session.stream(sql)
  const columns = resultColumns(stream.result)
  const encoding = encodeResult(stream, {
    format,
    columns,
    rowsMax: 1e9,
    bytesMax: 1e12,
    ...limits,
  })
  const pieces: Uint8Array[] = []
  for (;;) {
    const next = await encoding.next()
    if (next.done) return { body: Buffer.concat(pieces), totals: next.value, pieces: pieces.length }
    pieces.push(next.value)
  }
}

const text = async (sql: string, format: EncodeOptions['format']) =>
  (await encode(sql, format)).body.toString()
const jsonOf = async (expression: string) =>
  (await text(`SELECT ${expression}`, 'json')).slice(1, -1)
const csvOf = async (expression: string) =>
  (await text(`SELECT ${expression} AS x`, 'csv')).slice('x\r\n'.length, -2)

test.each([
  ['true', 'true', 'true'],
  ['(-128)::TINYINT', '-128', '-128'],
  ['(-32768)::SMALLINT', '-32768', '-32768'],
  ['2147483647', '2147483647', '2147483647'],
  ['(-2147483648)::INTEGER', '-2147483648', '-2147483648'],
  ['255::UTINYINT', '255', '255'],
  ['65535::USMALLINT', '65535', '65535'],
  ['4294967295::UINTEGER', '4294967295', '4294967295'],
  ['9007199254740991::BIGINT', '9007199254740991', '9007199254740991'],
  ['9007199254740992::BIGINT', '"9007199254740992"', '9007199254740992'],
  ['(-9007199254740991)::BIGINT', '-9007199254740991', '-9007199254740991'],
  ['(-9007199254740992)::BIGINT', '"-9007199254740992"', '-9007199254740992'],
  ['100000000::BIGINT * 10000', '1000000000000', '1000000000000'],
  ['(-9223372036854775808)::BIGINT', '"-9223372036854775808"', '-9223372036854775808'],
  ['18446744073709551615::UBIGINT', '"18446744073709551615"', '18446744073709551615'],
  ['7::UBIGINT', '7', '7'],
  ['(-5)::HUGEINT', '-5', '-5'],
  [
    '(-170141183460469231731687303715884105728)::HUGEINT',
    '"-170141183460469231731687303715884105728"',
    '-170141183460469231731687303715884105728',
  ],
  [
    '340282366920938463463374607431768211455::UHUGEINT',
    '"340282366920938463463374607431768211455"',
    '340282366920938463463374607431768211455',
  ],
  [
    '(2::HUGEINT ** 100)::BIGNUM',
    '"1267650600228229401496703205376"',
    '1267650600228229401496703205376',
  ],
  ['(-5)::BIGNUM', '-5', '-5'],
  ['0.1::FLOAT', '0.1', '0.1'],
  ['16777216::FLOAT', '16777216', '16777216'],
  ['1e-45::FLOAT', '1e-45', '1e-45'],
  ["'nan'::FLOAT", '"NaN"', 'NaN'],
  ['0.1::DOUBLE + 0.2::DOUBLE', '0.30000000000000004', '0.30000000000000004'],
  ['1e300::DOUBLE', '1e+300', '1e+300'],
  ['5::DOUBLE', '5', '5'],
  ["'-0'::DOUBLE", '-0', '-0'],
  ["'nan'::DOUBLE", '"NaN"', 'NaN'],
  ["'inf'::DOUBLE", '"Infinity"', 'Infinity'],
  ["'-inf'::DOUBLE", '"-Infinity"', '-Infinity'],
  ['1.10::DECIMAL(4,2)', '"1.10"', '1.10'],
  ['(-0.05)::DECIMAL(9,2)', '"-0.05"', '-0.05'],
  ['123456789.123456789::DECIMAL(18,9)', '"123456789.123456789"', '123456789.123456789'],
  [
    '99999999999999999999999999999999999999::DECIMAL(38,0)',
    '"99999999999999999999999999999999999999"',
    '99999999999999999999999999999999999999',
  ],
  [
    "'a\"b\\c' || chr(10) || chr(1) || 'ü€😀'",
    '"a\\"b\\\\c\\n\\u0001ü€😀"',
    '"a""b\\c\n\u0001ü€😀"',
  ],
  ["''", '""', '""'],
  ["'a,b'", '"a,b"', '"a,b"'],
  [
    "'  plain text that is longer than twelve bytes '",
    '"  plain text that is longer than twelve bytes "',
    '  plain text that is longer than twelve bytes ',
  ],
  ["'x\"y'::ENUM('x\"y', 'z')", '"x\\"y"', '"x""y"'],
  [
    "'6F9619FF-8B86-D011-B42D-00C04FC964FF'::UUID",
    '"6f9619ff-8b86-d011-b42d-00c04fc964ff"',
    '6f9619ff-8b86-d011-b42d-00c04fc964ff',
  ],
  ['\'{"a": 1}\'::JSON', '"{\\"a\\": 1}"', '"{""a"": 1}"'],
  ["DATE '2024-01-31'", '"2024-01-31"', '2024-01-31'],
  ["DATE '0044-03-15 (BC)'", '"-000043-03-15"', '-000043-03-15'],
  ["DATE '0000-01-01'", '"0000-01-01"', '0000-01-01'],
  ["DATE '12345-06-07'", '"+012345-06-07"', '+012345-06-07'],
  ["'infinity'::DATE", '"infinity"', 'infinity'],
  ["'-infinity'::DATE", '"-infinity"', '-infinity'],
  ["TIME '12:00:00.000001'", '"12:00:00.000001"', '12:00:00.000001'],
  ["TIME '24:00:00'", '"24:00:00"', '24:00:00'],
  ["'12:00:00.123456789'::TIME_NS", '"12:00:00.123456789"', '12:00:00.123456789'],
  ["'12:34:56+05:30'::TIMETZ", '"12:34:56+05:30"', '12:34:56+05:30'],
  ["'12:34:56.5-08'::TIMETZ", '"12:34:56.5-08:00"', '12:34:56.5-08:00'],
  [
    "TIMESTAMP '2024-01-31 12:00:00.123456'",
    '"2024-01-31T12:00:00.123456"',
    '2024-01-31T12:00:00.123456',
  ],
  ["TIMESTAMP '2024-01-31 12:00:00.100'", '"2024-01-31T12:00:00.1"', '2024-01-31T12:00:00.1'],
  [
    "TIMESTAMP '1969-12-31 23:59:59.999999'",
    '"1969-12-31T23:59:59.999999"',
    '1969-12-31T23:59:59.999999',
  ],
  ["TIMESTAMP '0044-03-15 (BC) 00:00:00'", '"-000043-03-15T00:00:00"', '-000043-03-15T00:00:00'],
  ["TIMESTAMP '290309-12-22 (BC) 00:00:00'", '"-290308-12-22T00:00:00"', '-290308-12-22T00:00:00'],
  ["'infinity'::TIMESTAMP", '"infinity"', 'infinity'],
  ["'-infinity'::TIMESTAMPTZ", '"-infinity"', '-infinity'],
  ["TIMESTAMPTZ '2024-01-31 13:00:00+01'", '"2024-01-31T12:00:00Z"', '2024-01-31T12:00:00Z'],
  ["'2024-01-31 12:00:00'::TIMESTAMP_S", '"2024-01-31T12:00:00"', '2024-01-31T12:00:00'],
  ["'2024-01-31 12:00:00.25'::TIMESTAMP_MS", '"2024-01-31T12:00:00.25"', '2024-01-31T12:00:00.25'],
  [
    "'2024-01-31 12:00:00.123456789'::TIMESTAMP_NS",
    '"2024-01-31T12:00:00.123456789"',
    '2024-01-31T12:00:00.123456789',
  ],
  ["INTERVAL '1 year 2 months 3 days 04:05:06.5'", '"P1Y2M3DT4H5M6.5S"', 'P1Y2M3DT4H5M6.5S'],
  ["INTERVAL '-14 months -1 microsecond'", '"P-1Y-2MT-0.000001S"', 'P-1Y-2MT-0.000001S'],
  ["INTERVAL '0 seconds'", '"PT0S"', 'PT0S'],
  ["'\\x00\\xFF'::BLOB", '"AP8="', 'AP8='],
  ["''::BLOB", '""', '""'],
  ["'10101'::BIT", '"10101"', '10101'],
  ['[1, NULL, 3]', '[1,null,3]', '"[1,null,3]"'],
  ["[['a'], []]", '[["a"],[]]', '"[[""a""],[]]"'],
  ['[1, 2]::INTEGER[2]', '[1,2]', '"[1,2]"'],
  ["{'a': 1, 'b c': {'d': NULL}}", '{"a":1,"b c":{"d":null}}', '"{""a"":1,""b c"":{""d"":null}}"'],
  ["row(1, 'x')", '[1,"x"]', '"[1,""x""]"'],
  ["MAP {'k': 1, 'l': NULL}", '[["k",1],["l",null]]', '"[[""k"",1],[""l"",null]]"'],
  ['union_value(num := 2)', '{"num":2}', '"{""num"":2}"'],
  ['NULL', 'null', ''],
  ['NULL::INTEGER', 'null', ''],
  ['NULL::INTEGER[]', 'null', ''],
])('%s has its wire form', async (expression, json, csv) => {
  expect(await jsonOf(expression)).toBe(json)
  expect(await csvOf(expression)).toBe(csv)
  expect(await text(`SELECT ${expression} AS x`, 'ndjson')).toBe(`{"x":${json}}\n`)
})

test('Arrow carries the values in its own types', async () => {
  const { body } = await encode(
    `SELECT * FROM (VALUES
      (true, -5::TINYINT, 9223372036854775807::BIGINT, 1.5::FLOAT, 0.1::DOUBLE, 'short', 'a text of more than twelve bytes',
       DATE '2024-01-31', TIMESTAMP '2024-01-31 12:00:00.123456', 12.34::DECIMAL(10,2), -7::HUGEINT, '\\x01'::BLOB,
       [1, NULL, 3], {'a': 1, 'b': 'x'}, MAP {'k': 5}, [1, 2]::INTEGER[2], 'e'::ENUM('e', 'f'), INTERVAL 1 DAY, NULL),
      (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
      (false, 7, 1, 'nan', '-inf', '', 'another text of more than twelve', '1960-01-01', '1960-01-01', -0.01, 0, '',
       [], {'a': NULL, 'b': NULL}, MAP {}, [3, NULL]::INTEGER[2], 'f', INTERVAL 0 DAY, NULL)
     ) t(bo, ti, bi, fl, dou, vs, vl, da, ts, de, hu, bl, li, st, ma, ar, en, iv, nu)`,
    'arrow',
  )
  const table = tableFromIPC(body)
  const column = (name: string) => [...(table.getChild(name) ?? [])]
  expect(table.numRows).toBe(3)
  expect(column('bo')).toEqual([true, null, false])
  expect(column('ti')).toEqual([-5, null, 7])
  expect(column('bi')).toEqual([9223372036854775807n, null, 1n])
  expect(column('fl')).toEqual([1.5, null, Number.NaN])
  expect(column('dou')).toEqual([0.1, null, Number.NEGATIVE_INFINITY])
  expect(column('vs')).toEqual(['short', null, ''])
  expect(column('vl')).toEqual([
    'a text of more than twelve bytes',
    null,
    'another text of more than twelve',
  ])
  expect(column('da').map((v) => v?.valueOf())).toEqual([
    Date.UTC(2024, 0, 31),
    undefined,
    Date.UTC(1960, 0, 1),
  ])
  expect(String(table.schema.fields.find((f) => f.name === 'ts')?.type)).toContain('MICROSECOND')
  expect(column('de').map((v) => v?.toString())).toEqual(['1234', undefined, '-1'])
  expect(column('hu').map((v) => v?.toString())).toEqual(['-7', undefined, '0'])
  expect(column('bl').map((v) => v && [...v])).toEqual([[1], null, []])
  expect(column('li').map((v) => v && [...v])).toEqual([[1, null, 3], null, []])
  expect(column('st').map((v) => v?.toJSON())).toEqual([
    { a: 1, b: 'x' },
    undefined,
    { a: null, b: null },
  ])
  expect(column('ma').map((v) => v && Object.fromEntries(v))).toEqual([{ k: 5 }, null, {}])
  expect(column('ar').map((v) => v && [...v])).toEqual([[1, 2], null, [3, null]])
  expect(column('en')).toEqual(['e', null, 'f'])
  expect(column('iv')).toEqual(['P1D', null, 'PT0S'])
  expect(column('nu')).toEqual([null, null, null])
})

test('Arrow refuses a whole number of more than 38 digits', async () => {
  const work = encode('SELECT 170141183460469231731687303715884105727::HUGEINT', 'arrow')
  await expect(work).rejects.toMatchObject({ code: 'unsupported' })
})

test('a type without a wire form is refused by name', async () => {
  for (const format of ['json', 'csv', 'arrow'] as const) {
    await expect(encode('SELECT 1::VARIANT AS v', format)).rejects.toMatchObject({
      code: 'unsupported',
    })
  }
})

test('many rows of every kind are the same in NDJSON and Arrow as DuckDB says', async () => {
  const sql = `SELECT i AS id, CASE WHEN i % 7 = 0 THEN NULL ELSE 'row ' || i END AS a,
    repeat('x', (i % 40)::INTEGER) || i AS b, 'value ' || (i % 5) || ' of a dictionary' AS c,
    [x * i for x in range(i % 4)] AS d FROM range(20000) r(i)`
  const { body, totals, pieces } = await encode(sql, 'ndjson')
  expect(totals).toEqual({ rowCount: 20_000, bytes: body.length, truncated: null })
  expect(pieces).toBeGreaterThan(5)
  const rows = body
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  await using session = await opened.database.connect()
  const expected = (await session.rows(`SELECT to_json(t)::VARCHAR AS j FROM (${sql}) t`)).map(
    ({ j }) => JSON.parse(String(j)),
  )
  expect(rows).toEqual(expected)
  const table = tableFromIPC((await encode(sql, 'arrow')).body)
  expect(table.numRows).toBe(20_000)
  expect([...(table.getChild('b') ?? [])]).toEqual(expected.map(({ b }) => b))
  expect([...(table.getChild('a') ?? [])]).toEqual(expected.map(({ a }) => a))
  expect([...(table.getChild('d') ?? [])].map((d) => [...d].map(Number))).toEqual(
    expected.map(({ d }) => d),
  )
})

test('every type of DuckDB that has a wire form is encoded in every format', async () => {
  const sql = 'SELECT * EXCLUDE (variant, geometry) FROM test_all_types()'
  await using session = await opened.database.connect()
  const names = (await session.rows('DESCRIBE FROM test_all_types()')).map((row) =>
    String(row.column_name),
  )
  const excluded = ['variant', 'geometry'].filter((name) => names.includes(name))
  const chosen = sql.replace('variant, geometry', excluded.join(', '))
  const wanted = excluded.length ? chosen : 'FROM test_all_types()'
  const rows = JSON.parse(`[${await text(wanted, 'json')}]`)
  expect(rows).toHaveLength(3)
  expect(rows[2].every((value: unknown) => value === null)).toBe(true)
  expect((await text(wanted, 'ndjson')).split('\n')).toHaveLength(4)
  const arrowless = excluded.concat('hugeint', 'uhugeint').join(', ')
  const arrow = await encode(`SELECT * EXCLUDE (${arrowless}) FROM test_all_types()`, 'arrow')
  expect(tableFromIPC(arrow.body).numRows).toBe(3)
})

test('an empty result has its columns', async () => {
  const sql = 'SELECT 1 AS a, 2 AS "b,c" WHERE false'
  expect(await text(sql, 'json')).toBe('')
  expect(await text(sql, 'ndjson')).toBe('')
  expect(await text(sql, 'csv')).toBe('a,"b,c"\r\n')
  const table = tableFromIPC((await encode(sql, 'arrow')).body)
  expect(table.schema.fields.map(({ name }) => name)).toEqual(['a', 'b,c'])
  expect(table.numRows).toBe(0)
})

test('columns of one name are told apart in objects', async () => {
  expect(await text('SELECT 1 AS a, 2 AS a, 3 AS a_1, 4 AS a', 'ndjson')).toBe(
    '{"a":1,"a_2":2,"a_1":3,"a_3":4}\n',
  )
  expect(await text('SELECT 1 AS a, 2 AS a', 'json')).toBe('[1,2]')
})

test('rows are cut at the limit and one past it says so', async () => {
  for (const format of ['json', 'ndjson', 'csv', 'arrow'] as const) {
    const at = await encode('FROM range(5000)', format, { rowsMax: 5000 })
    expect(at.totals).toMatchObject({ rowCount: 5000, truncated: null })
    const past = await encode('FROM range(5001)', format, { rowsMax: 5000 })
    expect(past.totals).toMatchObject({ rowCount: 5000, truncated: 'rows' })
  }
})

test('bytes are cut between rows', async () => {
  const whole = await encode('FROM range(5000)', 'ndjson')
  const cut = await encode('FROM range(5000)', 'ndjson', { bytesMax: whole.body.length - 1 })
  expect(cut.totals).toMatchObject({ rowCount: 4999, truncated: 'bytes' })
  const same = await encode('FROM range(5000)', 'ndjson', { bytesMax: whole.body.length })
  expect(same.totals).toMatchObject({ rowCount: 5000, truncated: null })
  const arrow = await encode('FROM range(50000)', 'arrow', { bytesMax: 100_000 })
  expect(arrow.totals.truncated).toBe('bytes')
  expect(arrow.body.length).toBeLessThanOrEqual(100_000)
  expect(tableFromIPC(arrow.body).numRows).toBe(arrow.totals.rowCount)
})
