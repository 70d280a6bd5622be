import fc from 'fast-check'
import { expect, test } from 'vitest'
import { lowerBound, scalarFromText, upperBound } from '../src/bounds.ts'
import { civilFromDays, daysFromCivil } from '../src/civil-time.ts'
import { type Primitive, parsePrimitive } from '../src/iceberg-type.ts'
import { currentSchema } from '../src/index.ts'
import {
  compareScalars,
  decodeSingleValue,
  encodeSingleValue,
  type Scalar,
} from '../src/single-value.ts'
import { applyTransform, findTransform, murmur3 } from '../src/transform.ts'
import { copyFile, openDuckDb } from './_duckdb.ts'
import { openLake } from './_lake.ts'

const hex = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString('hex')
const single = (type: string, text: string) => {
  const primitive = parsePrimitive(type)
  const value = scalarFromText(primitive, text)
  return value === undefined ? undefined : hex(encodeSingleValue(primitive, value))
}

test('single values are serialized as appendix D of the specification says', () => {
  expect(single('boolean', '1')).toBe('01')
  expect(single('boolean', '0')).toBe('00')
  expect(single('int', '34')).toBe('22000000')
  expect(single('long', '-1')).toBe('ffffffffffffffff')
  expect(single('float', '1.5')).toBe('0000c03f')
  expect(single('double', '-inf')).toBe('000000000000f0ff')
  expect(single('decimal(9,2)', '14.20')).toBe('058c')
  expect(single('decimal(9,2)', '-1.28')).toBe('80')
  expect(single('decimal(9,2)', '1.28')).toBe('0080')
  expect(single('decimal(1,1)', '.5')).toBe('05')
  expect(single('date', '2017-11-16')).toBe('4e440000')
  expect(single('date', '0044-03-15 (BC)')).toBe(hexOfInt(daysFromCivil(-43, 3, 15)))
  expect(single('time', '22:31:08')).toBe('008307e012000000')
  expect(single('timestamp', '2017-11-16 22:31:08.000001')).toBe('01c3262d215e0500')
  expect(single('timestamptz', '2017-11-16 14:31:08.000001-08')).toBe('01c3262d215e0500')
  expect(single('string', 'iceberg')).toBe('69636562657267')
  expect(single('uuid', 'f79c3e09-677c-4bbd-a479-3f349cb785e7')).toBe(
    'f79c3e09677c4bbda4793f349cb785e7',
  )
  expect(single('binary', '00FF')).toBe('00ff')
})

const hexOfInt = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  return bytes.toString('hex')
}

test('a text that does not tell a value exactly gives no bound', () => {
  const none: [string, string][] = [
    ['date', 'infinity'],
    ['date', '-infinity'],
    ['date', '2023-02-29'],
    ['timestamp', 'infinity'],
    ['timestamp', '2024-01-01 00:00:00+00'],
    ['timestamptz', '2024-01-01 00:00:00'],
    ['time', '24:00:00'],
    ['double', 'nan'],
    ['int', '2147483648'],
    ['long', '9223372036854775808'],
    ['decimal(4,2)', '100.00'],
    ['decimal(4,2)', '1.005'],
    ['string', 'a\uFFFD'],
    ['string', 'a\uD800'],
    ['binary', '0'],
    ['uuid', 'x'],
  ]
  for (const [type, text] of none)
    expect([type, text, single(type, text)]).toEqual([type, text, undefined])
})

test('zeros of either sign are bounded by -0.0 below and 0.0 above', () => {
  const type = parsePrimitive('double')
  for (const text of ['0.0', '-0.0']) {
    expect(hex(lowerBound(type, text))).toBe('0000000000000080')
    expect(hex(upperBound(type, text))).toBe('0000000000000000')
  }
})

test('cut texts keep 16 code points and are raised at the last that can be', () => {
  const upper = (text: string) => Buffer.from(upperBound({ kind: 'string' }, text) ?? []).toString()
  expect(upper('abcdefghijklmnop')).toBe('abcdefghijklmnop')
  expect(upper('abcdefghijklmnopq')).toBe('abcdefghijklmnoq')
  expect(upper(`${'😀'.repeat(16)}x`)).toBe(`${'😀'.repeat(15)}😁`)
  expect(upper(`abcdefghijklmno\u{10FFFF}z`)).toBe('abcdefghijklmnp')
  expect(upper(`abcdefghijklmno\uD7FFz`)).toBe('abcdefghijklmno\uE000')
  expect(upperBound({ kind: 'string' }, '\u{10FFFF}'.repeat(17))).toBeUndefined()
  expect(upperBound({ kind: 'binary' }, 'FF'.repeat(17))).toBeUndefined()
  expect(hex(upperBound({ kind: 'binary' }, `00${'FF'.repeat(16)}`))).toBe('01')
})

test('bounds of texts and binaries enclose the value in byte order', () => {
  const type: Primitive = { kind: 'string' }
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
      if (scalarFromText(type, text) === undefined) return
      const value = Buffer.from(text)
      const [low, high] = [lowerBound(type, text), upperBound(type, text)]
      expect(low !== undefined && Buffer.compare(low, value) <= 0).toBe(true)
      expect(high === undefined || Buffer.compare(high, value) >= 0).toBe(true)
      if (high !== undefined)
        expect(Buffer.from(Buffer.from(high).toString())).toEqual(Buffer.from(high))
    }),
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20 }), (value) => {
      const text = Buffer.from(value).toString('hex')
      const [low, high] = [
        lowerBound({ kind: 'binary' }, text),
        upperBound({ kind: 'binary' }, text),
      ]
      expect(low !== undefined && Buffer.compare(low, value) <= 0).toBe(true)
      expect(high === undefined || Buffer.compare(high, value) >= 0).toBe(true)
    }),
  )
})

test('single values come back, and compare as the values do', () => {
  const values: [Primitive, fc.Arbitrary<Scalar>][] = [
    [{ kind: 'int' }, fc.integer()],
    [{ kind: 'long' }, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
    [{ kind: 'double' }, fc.double({ noNaN: true })],
    [{ kind: 'float' }, fc.float({ noNaN: true })],
    [
      { kind: 'decimal', precision: 38, scale: 6 },
      fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }),
    ],
  ]
  for (const [type, arbitrary] of values) {
    fc.assert(
      fc.property(arbitrary, arbitrary, (left, right) => {
        const [a, b] = [left, right].map((value) =>
          decodeSingleValue(type, encodeSingleValue(type, value)),
        )
        expect(a).toBe(left)
        const expected = left < right ? -1 : left > right ? 1 : 0
        expect(a !== undefined && b !== undefined && compareScalars(a, b)).toBe(expected)
      }),
    )
  }
})

test('days and civil dates are inverse over the whole range of either', () => {
  fc.assert(
    fc.property(fc.integer({ min: -2_147_483_646, max: 2_147_483_646 }), (days) => {
      const { year, month, day } = civilFromDays(days)
      expect(daysFromCivil(year, month, day)).toBe(days)
    }),
  )
  expect(civilFromDays(0)).toEqual({ year: 1970, month: 1, day: 1 })
  expect(civilFromDays(-1)).toEqual({ year: 1969, month: 12, day: 31 })
})

test('bucket hashes are those of appendix B of the specification', () => {
  const hash = (type: string, text: string) => {
    const primitive = parsePrimitive(type)
    const value = scalarFromText(primitive, text)
    const asLong =
      typeof value === 'number' || (typeof value === 'bigint' && !type.startsWith('dec'))
    if (value === undefined) return undefined
    const bytes = asLong
      ? encodeSingleValue({ kind: 'long' }, BigInt(value as number))
      : encodeSingleValue(primitive, value)
    return murmur3(bytes)
  }
  expect(hash('int', '34')).toBe(2017239379)
  expect(hash('long', '34')).toBe(2017239379)
  expect(hash('decimal(9,2)', '14.20')).toBe(-500754589)
  expect(hash('date', '2017-11-16')).toBe(-653330422)
  expect(hash('time', '22:31:08')).toBe(-662762989)
  expect(hash('timestamp', '2017-11-16 22:31:08')).toBe(-2047944441)
  expect(hash('timestamptz', '2017-11-16 14:31:08-08')).toBe(-2047944441)
  expect(hash('string', 'iceberg')).toBe(1210000089)
  expect(hash('uuid', 'f79c3e09-677c-4bbd-a479-3f349cb785e7')).toBe(1488055340)
  expect(hash('binary', '00010203')).toBe(-188683207)
})

test('transforms floor, also below zero and before 1970', () => {
  const apply = (transform: string, type: string, text: string) => {
    const primitive = parsePrimitive(type)
    const found = findTransform(transform)
    const value = scalarFromText(primitive, text)
    return found && value !== undefined ? applyTransform(found, primitive, value) : undefined
  }
  expect(apply('truncate[10]', 'int', '-1')).toBe(-10)
  expect(apply('truncate[10]', 'long', '-11')).toBe(-20n)
  expect(apply('truncate[50]', 'decimal(9,2)', '10.65')).toBe(1050n)
  expect(apply('truncate[3]', 'string', 'iceberg')).toEqual(Buffer.from('ice'))
  expect(apply('year', 'date', '1969-12-31')).toBe(-1)
  expect(apply('month', 'timestamp', '1969-12-31 23:59:59.5')).toBe(-1)
  expect(apply('day', 'timestamptz', '1970-01-01 00:30:00+01')).toBe(-1)
  expect(apply('hour', 'timestamp', '1970-01-01 01:00:00')).toBe(1)
})

test('bounds from what DuckDB really reports enclose every value of the column', async () => {
  await using lake = await openLake()
  const duckdb = await openDuckDb()
  const columns: [string, string][] = [
    ['boolean', 'random() < 0.1'],
    ['int', '(random() * 4e9 - 2e9)::INTEGER'],
    ['long', '((random() - 0.5) * 1.8e19)::BIGINT'],
    [
      'float',
      `CASE WHEN i = 7 THEN 'nan' WHEN i = 8 THEN '-0.0' ELSE (random() - 0.5) * 1e30 END::FLOAT`,
    ],
    [
      'double',
      `CASE WHEN i = 7 THEN 'nan' WHEN i = 8 THEN 'inf' ELSE (random() - 0.5) * 1e300 END::DOUBLE`,
    ],
    ['date', `(DATE '1970-01-01' + ((random() - 0.5) * 4e6)::INTEGER)`],
    ['time', `(TIME '00:00:00' + to_microseconds((random() * 86399999999)::BIGINT))`],
    ['timestamp', `make_timestamp(((random() - 0.5) * 1.8e19)::BIGINT // 2)`],
    ['timestamptz', `make_timestamptz(((random() - 0.5) * 1.8e19)::BIGINT // 2)`],
    [
      'string',
      `chr((random() * 50000 + 1)::INTEGER) || repeat(chr((random() * 500 + 1)::INTEGER), (i % 30)::INTEGER)`,
    ],
    ['uuid', 'uuid()'],
    ['binary', `unhex(repeat(md5(random()::VARCHAR), (i % 20)::INTEGER))`],
    ['decimal(9, 2)', '((random() - 0.5) * 1e7)::DECIMAL(9, 2)'],
    ['decimal(38, 6)', '((random() - 0.5) * 1e30)::DECIMAL(38, 6)'],
  ]
  const metadata = lake.create({
    schema: {
      type: 'struct',
      fields: columns.map(([type], id) => ({
        id: id + 1,
        name: `c${id + 1}`,
        type,
        required: false,
      })),
    },
  })
  const selected = columns.map(
    ([, sql], id) => `CASE WHEN i % 11 = 3 THEN NULL ELSE ${sql} END AS c${id + 1}`,
  )
  await duckdb.run(`CREATE TABLE t AS SELECT ${selected.join(', ')} FROM range(300) t(i)`)
  const uri = `${metadata.location}/data/a.parquet`
  const schema = currentSchema(metadata)
  const entry = await copyFile(duckdb, { lake, schema, uri, query: 'FROM t' })
  for (const [index, [type]] of columns.entries()) {
    const id = index + 1
    const primitive = parsePrimitive(type)
    const text = type === 'binary' ? `hex(c${id})` : `c${id}::VARCHAR`
    const reader = await duckdb.runAndReadAll(`SELECT ${text} FROM t WHERE c${id} IS NOT NULL`)
    const [lower, upper] = [entry.lowerBounds[id], entry.upperBounds[id]].map((bound) =>
      bound === undefined ? undefined : decodeSingleValue(primitive, Buffer.from(bound, 'base64')),
    )
    expect([type, lower === undefined]).toEqual([type, false])
    for (const [value] of reader.getRows()) {
      const scalar = scalarFromText(primitive, String(value))
      if (scalar === undefined) continue
      expect(lower !== undefined && compareScalars(lower, scalar) <= 0).toBe(true)
      expect(upper === undefined || compareScalars(upper, scalar) >= 0).toBe(true)
    }
    expect(entry.nullCounts[id]).toBe(27)
  }
  expect(entry.nanCounts).toEqual({})
})
