import { randomInt } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dateText, timestampText, timeText } from '../src/civil-text.ts'
import { decimalText } from '../src/planned-value.ts'
import { resultColumns } from '../src/result-columns.ts'
import { encodeResult } from '../src/result-encoder.ts'
import { floatText } from '../src/scalar-text.ts'
import { openBeforeAll } from './_database.ts'

// biome-ignore lint/style/noProcessEnv: SEED repeats a run.
const seed = Number(process.env.SEED ?? randomInt(1, 2 ** 31))
const count = 4000
const opened = openBeforeAll({ memoryBytes: 512 * 1024 * 1024 })

/** A type by the plainest definition of its wire form, and random values as SQL writes them. */
interface Kind<Value> {
  readonly type: string
  readonly values: fc.Arbitrary<Value>
  readonly sql: (value: Value) => string
  readonly wire: (value: Value) => string
}

const kind = <Value>(given: Kind<Value>): Kind<unknown> => given as Kind<unknown>
const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`
const exact = (value: bigint) =>
  value >= -9007199254740991n && value <= 9007199254740991n ? String(value) : `"${value}"`
const whole = (type: string, min: bigint, max: bigint) => {
  const near = [min, max, 0n, 9n, 10n, 9999n, 10_000n, 99_999_999n, 100_000_000n, 2n ** 53n - 1n]
  const known = [...near, ...near.map((value) => -value), 2n ** 53n, 10n ** 16n].filter(
    (value) => value >= min && value <= max,
  )
  const values = fc.oneof(
    fc.bigInt({ min, max }),
    fc.constantFrom(...known),
    // As many short ones as long ones.
    fc.tuple(fc.bigInt({ min, max }), fc.nat(63)).map(([value, bits]) => value >> BigInt(bits)),
  )
  return kind({ type, values, sql: String, wire: exact })
}
const decimal = (width: number, scale: number) => {
  const max = 10n ** BigInt(width) - 1n
  return kind<bigint>({
    type: `DECIMAL(${width},${scale})`,
    values: fc
      .tuple(fc.bigInt({ min: -max, max }), fc.nat(126))
      .map(([value, bits]) => value >> BigInt(bits)),
    sql: (value) => quoted(decimalText(value, scale)),
    wire: (value) => `"${decimalText(value, scale)}"`,
  })
}
const plainDouble = (value: number) =>
  Number.isFinite(value) ? (Object.is(value, -0) ? '-0' : String(value)) : `"${value}"`
const doubles = fc.oneof(
  fc.double(),
  fc.constantFrom(
    0,
    -0,
    1e15,
    999_999_999_999_999.9,
    1e21,
    123456789012345680000,
    1e-6,
    1e-7,
    5e-324,
  ),
  fc
    .tuple(fc.integer(), fc.nat(12), fc.integer({ min: -3, max: 3 }))
    .map(([digits, places, more]) => digits / 10 ** places + more * Number.EPSILON),
  fc.tuple(fc.maxSafeInteger(), fc.nat(20)).map(([digits, places]) => digits / 10 ** places),
)
const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: 'grapheme-ascii', maxLength: 60 }),
  fc.array(
    fc.constantFrom('"', '\\', '\n', '\u0001', '\u001f', ' ', 'é', '€', '😀', 'plain text'),
    {
      maxLength: 12,
    },
  ),
)
const moment = (min: bigint, max: bigint) =>
  fc
    .tuple(fc.bigInt({ min, max }), fc.constantFrom(1n, 1000n, 1_000_000n, 86_400_000_000n))
    .map(([ticks, unit]) => (ticks / unit) * unit)
const dayMicros = 86_400_000_000n
const century = 100n * 366n * dayMicros
const micros = fc.oneof(moment(-century, century), moment(-(2n ** 62n), 2n ** 62n))

const kinds = [
  whole('TINYINT', -(2n ** 7n), 2n ** 7n - 1n),
  whole('SMALLINT', -(2n ** 15n), 2n ** 15n - 1n),
  whole('INTEGER', -(2n ** 31n), 2n ** 31n - 1n),
  whole('BIGINT', -(2n ** 63n), 2n ** 63n - 1n),
  whole('HUGEINT', -(2n ** 126n), 2n ** 126n),
  whole('UTINYINT', 0n, 2n ** 8n - 1n),
  whole('USMALLINT', 0n, 2n ** 16n - 1n),
  whole('UINTEGER', 0n, 2n ** 32n - 1n),
  whole('UBIGINT', 0n, 2n ** 64n - 1n),
  whole('UHUGEINT', 0n, 2n ** 127n),
  decimal(4, 1),
  decimal(9, 2),
  decimal(9, 9),
  decimal(12, 0),
  decimal(15, 4),
  decimal(18, 3),
  decimal(18, 18),
  decimal(38, 10),
  kind({
    type: 'BOOLEAN',
    values: fc.boolean(),
    sql: String,
    wire: String,
  }),
  kind({
    type: 'DOUBLE',
    values: doubles,
    sql: (value) => quoted(Object.is(value, -0) ? '-0' : String(value)),
    wire: plainDouble,
  }),
  kind({
    type: 'FLOAT',
    values: fc.oneof(fc.float(), doubles.map(Math.fround)),
    sql: (value) => quoted(Object.is(value, -0) ? '-0' : String(value)),
    wire: (value) => (Number.isFinite(value) ? floatText(value) : `"${value}"`),
  }),
  kind({
    type: 'VARCHAR',
    values: texts.map((text) =>
      (typeof text === 'string' ? text : text.join('')).replaceAll('\0', ''),
    ),
    sql: quoted,
    wire: (text) => JSON.stringify(text),
  }),
  kind({
    type: 'DATE',
    values: fc.integer({ min: -5_877_641, max: 5_881_580 }).map((days) => days >> (days & 3)),
    sql: (days) => `('1970-01-01'::DATE + (${days})::INTEGER)`,
    wire: (days) => `"${dateText(days)}"`,
  }),
  kind({
    type: 'TIME',
    values: moment(0n, dayMicros - 1n),
    sql: (ticks) => quoted(timeText(ticks, 6)),
    wire: (ticks) => `"${timeText(ticks, 6)}"`,
  }),
  kind({
    type: 'TIMESTAMP',
    values: micros,
    sql: (ticks) => `make_timestamp(${ticks})`,
    wire: (ticks) => `"${timestampText(ticks, 6)}"`,
  }),
  kind({
    type: 'TIMESTAMPTZ',
    values: micros,
    sql: (ticks) => `make_timestamptz(${ticks})`,
    wire: (ticks) => `"${timestampText(ticks, 6)}Z"`,
  }),
  kind({
    type: 'TIMESTAMP_NS',
    values: moment(-(2n ** 62n), 2n ** 62n),
    sql: (ticks) => `make_timestamp_ns(${ticks})`,
    wire: (ticks) => `"${timestampText(ticks, 9)}"`,
  }),
  kind({
    type: "ENUM('a\"b', 'ü', 'plain')",
    values: fc.constantFrom('a"b', 'ü', 'plain'),
    sql: quoted,
    wire: (text) => JSON.stringify(text),
  }),
  kind({
    type: 'BLOB',
    values: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    sql: (bytes) => `from_hex('${bytes.toString('hex')}')`,
    wire: (bytes) => `"${bytes.toString('base64')}"`,
  }),
]

async function ndjson(sql: string): Promise<string[]> {
  await using session = await opened.database.connect()
  const stream = await session.stream(sql)
  const columns = resultColumns(stream.result)
  const limits = { rowsMax: 1e9, bytesMax: 1e12 }
  const pieces: Uint8Array[] = []
  for await (const piece of encodeResult(stream, { format: 'ndjson', columns, ...limits })) {
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString().trimEnd().split('\n')
}

test.each(kinds)('random values of $type are written as their definition says', async (given) => {
  const { type, values, sql, wire } = given
  const sample = fc.sample(fc.option(values, { freq: 9 }), { seed, numRuns: count })
  const list = sample.map((value) => (value === null ? 'NULL' : `(${sql(value)})::${type}`))
  const lines = await ndjson(`SELECT unnest([${list.join(', ')}]::${type}[]) AS v`)
  const expected = sample.map((value) => `{"v":${value === null ? 'null' : wire(value)}}`)
  const wrong = expected.findIndex((line, index) => line !== lines[index])
  expect(lines[wrong], `seed ${seed}, value ${wrong}: ${sample[wrong]}`).toBe(expected[wrong])
  expect(lines, `seed ${seed}`).toHaveLength(count)
})
