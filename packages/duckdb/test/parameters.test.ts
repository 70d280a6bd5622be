import type { SqlParameter } from '@hypermesh/contract'
import { expect, test } from 'vitest'
import { bindParameters } from '../src/parameters.ts'
import { resultColumns } from '../src/result-columns.ts'
import { encodeResult } from '../src/result-encoder.ts'
import { guardSql } from '../src/sql-guard.ts'
import { openBeforeAll } from './_database.ts'

const opened = openBeforeAll({ memoryBytes: 128 * 1024 * 1024 })

/** The value and its type as they come back in wire form. */
async function echo(parameter: SqlParameter): Promise<unknown> {
  await using session = await opened.database.connect()
  const { parameters } = bindParameters([parameter])
  const stream = await session.stream('SELECT $1, typeof($1)', { parameters })
  const columns = resultColumns(stream.result)
  const options = { format: 'json', columns, rowsMax: 10, bytesMax: 1e6 } as const
  const pieces: Uint8Array[] = []
  for await (const piece of encodeResult(stream, options)) pieces.push(piece)
  return JSON.parse(Buffer.concat(pieces).toString())
}

test.each<[SqlParameter, unknown, string]>([
  [null, null, '"NULL"'],
  [true, true, 'BOOLEAN'],
  [7, 7, 'INTEGER'],
  [-2147483649, -2147483649, 'BIGINT'],
  [1.5, 1.5, 'DOUBLE'],
  [1e300, 1e300, 'DOUBLE'],
  ["it's \u00fc \0 \ud83d\ude00", "it's \u00fc \0 \ud83d\ude00", 'VARCHAR'],
  [{ type: 'BIGINT', value: '9223372036854775807' }, '9223372036854775807', 'BIGINT'],
  [{ type: 'int8', value: '5' }, 5, 'BIGINT'],
  [{ type: 'HUGEINT', value: `-${2n ** 127n}` }, `-${2n ** 127n}`, 'HUGEINT'],
  [{ type: 'UBIGINT', value: '18446744073709551615' }, '18446744073709551615', 'UBIGINT'],
  [{ type: 'decimal(18, 3)', value: '-0.125' }, '-0.125', 'DECIMAL(18,3)'],
  [{ type: 'DECIMAL(38,0)', value: '9'.repeat(38) }, '9'.repeat(38), 'DECIMAL(38,0)'],
  [{ type: 'DOUBLE', value: 'NaN' }, 'NaN', 'DOUBLE'],
  [{ type: 'DOUBLE', value: '-Infinity' }, '-Infinity', 'DOUBLE'],
  [{ type: 'BLOB', value: 'AP8=' }, 'AP8=', 'BLOB'],
  [{ type: 'DATE', value: '-000043-03-15' }, '-000043-03-15', 'DATE'],
  [{ type: 'DATE', value: 'infinity' }, 'infinity', 'DATE'],
  [{ type: 'TIME', value: '12:00:00.000001' }, '12:00:00.000001', 'TIME'],
  [
    { type: 'TIMESTAMP', value: '2024-01-31T12:00:00.123456' },
    '2024-01-31T12:00:00.123456',
    'TIMESTAMP',
  ],
  [{ type: 'TIMESTAMP', value: '2024-01-31' }, '2024-01-31T00:00:00', 'TIMESTAMP'],
  [
    { type: 'TIMESTAMPTZ', value: '2024-01-31T13:00:00+01:00' },
    '2024-01-31T12:00:00Z',
    'TIMESTAMP WITH TIME ZONE',
  ],
  [
    { type: 'TIMESTAMP_NS', value: '2024-01-31T12:00:00.123456789' },
    '2024-01-31T12:00:00.123456789',
    'TIMESTAMP_NS',
  ],
  [{ type: 'INTERVAL', value: 'P1Y2M3DT4H5M6.5S' }, 'P1Y2M3DT4H5M6.5S', 'INTERVAL'],
  [{ type: 'INTERVAL', value: 'P-1Y-2MT-0.000001S' }, 'P-1Y-2MT-0.000001S', 'INTERVAL'],
  [
    { type: 'UUID', value: '6f9619ff-8b86-d011-b42d-00c04fc964ff' },
    '6f9619ff-8b86-d011-b42d-00c04fc964ff',
    'UUID',
  ],
  [{ type: 'TIMESTAMP', value: null }, null, '"NULL"'],
  [{ type: 'DECIMAL(9,2)', value: null }, null, '"NULL"'],
])('%j comes back as it went in', async (parameter, value, type) => {
  expect(await echo(parameter)).toEqual([value, type])
})

test.each<SqlParameter>([
  2 ** 53,
  -(2 ** 60),
  { type: 'BIGINT', value: '9223372036854775808' },
  { type: 'INTEGER', value: '1.5' },
  { type: 'DOUBLE', value: '1e400' },
  { type: 'FLOAT', value: '-1e39' },
  { type: 'DECIMAL(4,2)', value: '1.005' },
  { type: 'DECIMAL(4,2)', value: '100' },
  { type: 'DECIMAL(39,0)', value: '1' },
  { type: 'DATE', value: '2023-02-29' },
  { type: 'TIME', value: '25:00:00' },
  { type: 'TIMESTAMP', value: '2024-01-31T12:00:00Z' },
  { type: 'TIMESTAMP', value: '2024-01-31T12:00:00.1234567' },
  { type: 'INTERVAL', value: 'P' },
  { type: 'BLOB', value: 'not base64' },
  { type: 'UUID', value: '1' },
  { type: 'BOOLEAN', value: 'yes' },
  { type: 'INTEGER[]', value: '[1]' },
  { type: "VARCHAR'); DROP TABLE t; --", value: 'x' },
])('%j is refused', (parameter) => {
  expect(() => bindParameters([parameter])).toThrow(/the parameter \$1/)
})

test('parameters are named or numbered, and each is needed', async () => {
  await using session = await opened.database.connect()
  const named = bindParameters({ a: 1, b: 'x' }).parameters
  expect(await session.rows('SELECT $b AS b, $a AS a', { parameters: named })).toEqual([
    { b: 'x', a: 1 },
  ])
  const check = (sql: string, given: Parameters<typeof bindParameters>[0]) =>
    guardSql(session, sql, { parameters: bindParameters(given).parameters })
  await expect(check('SELECT $1, $2', [1])).rejects.toMatchObject({ code: 'invalid' })
  await expect(check('SELECT $1', [1, 2])).rejects.toMatchObject({ code: 'invalid' })
  await expect(check('SELECT $a', { b: 1 })).rejects.toMatchObject({ code: 'invalid' })
  await expect(check('SELECT ?, ?', [1, 2])).resolves.toBeDefined()
})
