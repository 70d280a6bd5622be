import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { openPlatform, type Platform, type PlatformOptions, withDirectory } from './_platform.ts'

function onPlatform(body: (platform: Platform) => Promise<void>, options: PlatformOptions = {}) {
  return () =>
    withDirectory(async (root) => {
      await using platform = await openPlatform(root, options)
      await body(platform)
      expect(await platform.leftovers()).toEqual([])
    })
}

const skip = { onBadRows: 'skip' } as const
const invalidUtf8 = Buffer.from([0x36, 0x2c, 0xff, 0xfe, 0x0a])

test(
  'rows that do not split or do not fit the table are left out, counted and shown by their lines',
  onPlatform(async ({ client }) => {
    await client.ingest('n.t', { body: 'a,b\n1,x\n', name: 'x.csv' })
    const body = Buffer.concat([
      Buffer.from('a,b\n1,one\n2\n3,y,z\n4,"multi\nline"\nabc,q\n1.5,lossy\n007,zeros\n"un"q,5\n'),
      invalidUtf8,
      Buffer.from('7,ok\n,null\n'),
    ])
    const receipt = await client.ingest('n.t', { body, name: 'x.csv', ...skip })
    expect(receipt).toMatchObject({ rows: 4, schemaChanges: [], badRows: { count: 7 } })
    expect(receipt.badRows?.samples).toEqual([
      { line: 3, text: '2', reason: 'the row has 1 fields where the first has 2' },
      { line: 4, text: '3,y,z', reason: 'the row has 3 fields where the first has 2' },
      {
        line: 7,
        column: 'a',
        text: 'abc,q',
        reason: 'column "a" holds "abc", which is not a BIGINT',
      },
      { line: 10, text: '"un"q,5', reason: 'a quoted value does not end properly' },
      { line: 11, text: '6,??', reason: 'the text is not UTF-8' },
      {
        row: 4,
        column: 'a',
        text: '1.5,lossy',
        reason: 'column "a" holds "1.5", which is not a BIGINT',
      },
      {
        row: 5,
        column: 'a',
        text: '007,zeros',
        reason: 'column "a" holds "007", which is not a BIGINT',
      },
    ])
    const again = await client.ingest('n.t', { body: gzipSync(body), name: 'x.csv.gz', ...skip })
    expect(again).toMatchObject({ rows: 4, compression: 'gzip', badRows: { count: 7 } })
    expect(await client.ingest('n.t', { body, name: 'x.csv', ...skip })).toMatchObject({
      result: 'already-loaded',
    })
  }),
)

test(
  'lines of NDJSON and items of a JSON array are left out, numbers kept as they are written',
  onPlatform(async ({ client }) => {
    const types = { a: 'BIGINT' }
    const lines = Buffer.concat([
      Buffer.from('{"a":1}\n\n{"a":"x"}\n{"a":\nnull\n[1]\n'),
      Buffer.from([0x7b, 0xff, 0x0a]),
      Buffer.from('{"a":2,"b":"q\\u0001"}\n{"a":3.5}\n{"b":"1.10"}'),
    ])
    const receipt = await client.ingest('n.l', { body: lines, format: 'ndjson', types, ...skip })
    expect(receipt).toMatchObject({ rows: 3, format: 'ndjson', badRows: { count: 6 } })
    expect(receipt.badRows?.samples.map(({ line, reason }) => [line, reason])).toEqual([
      [3, 'column "a" holds "x", which is not a BIGINT'],
      [4, 'the JSON is malformed'],
      [5, 'the value is no object'],
      [6, 'the value is no object'],
      [7, 'the line is not UTF-8'],
      [9, 'column "a" holds "3.5", which is not a BIGINT'],
    ])
    const array = '[{"a":1},\n {"a":\n "x"}, 5, {"a":7, "b": 1.10}]'
    const items = await client.ingest('n.i', { body: array, format: 'json', types, ...skip })
    expect(items).toMatchObject({ rows: 2, format: 'json', badRows: { count: 2 } })
    expect(items.badRows?.samples.map(({ row }) => row)).toEqual([2, 3])
  }),
)

test(
  'a load fails by default, naming line and column, and beyond the number of bad rows allowed',
  onPlatform(
    async (platform) => {
      const { client } = platform
      const refused = async (request: object, code: string, message: RegExp) => {
        const load = client.ingest('n.t', { body: '', name: 'x.csv', ...request })
        await expect(load).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
      }
      const ragged = 'a,b\n1,x\n2\n3,y\n4\n'
      await refused({ body: ragged }, 'invalid', /line 3: the row has 1 fields/)
      const types = { a: 'INTEGER' }
      const body = 'a,b\n1,x\nabc,y\n'
      await refused({ body, types }, 'invalid', /line 3: column "a" holds "abc"/)
      await refused(
        { body: ragged, ...skip, badRowsMax: 1 },
        'invalid',
        /more than 1 rows are bad; line 3/,
      )
      await refused({ body: ragged.repeat(2), ...skip }, 'invalid', /more than 2 rows are bad/)
      await refused({ body: ragged, badRowsMax: 5 }, 'invalid', /goes with/)
      expect(await platform.warehouseFiles()).toEqual([])
      await client.ingest('n.t', { body: 'a,b\n1,x\n', name: 'x.csv' })
      await refused({ body }, 'type_mismatch', /long in the table.*line 3: column "a" holds "abc"/)
      const json = '{"a":1}\n{"a":"x"}\n'
      await refused(
        { body: json, name: 'x.ndjson' },
        'type_mismatch',
        /line 2: column "a" holds "x"/,
      )
      const fine = { body: 'a,b\n5,x\n', name: 'x.csv', ...skip }
      expect(await client.ingest('n.t', fine)).toMatchObject({ rows: 1, badRows: { count: 0 } })
    },
    { limits: { badRowsMax: 2 } },
  ),
)
