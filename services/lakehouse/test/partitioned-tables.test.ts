import { type Platform, startPlatform } from '@hypermesh/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'

let platform: Platform
beforeAll(async () => {
  platform = await startPlatform()
  await platform.clients.writer.ingest('parts.plain', { body: csv(0, 200), format: 'csv' })
})
afterAll(() => platform[Symbol.asyncDispose]())

/** Rows over three years and below 1970, some without a value. */
function csv(from: number, to: number): string {
  const lines = ['id,region,code,ts,day,amount']
  for (let id = from; id < to; id += 1) {
    const at = new Date(Date.UTC(1969, 10, 1) + id * 67 * 3_600_000 + (id % 60) * 61_000)
    const iso = at.toISOString()
    const region = id % 7 === 0 ? '' : ['eu', 'us', 'ä/ö', 'a=b'][id % 4]
    // Quarters, whose sums are exact in any order.
    const amount = id % 11 === 0 ? '' : String((id % 13) - 6 + (id % 4) / 4)
    const code = `${String.fromCharCode(97 + (id % 5))}${String(id % 17).padStart(3, '0')}`
    lines.push([id, region, code, iso.slice(0, 19), iso.slice(0, 10), amount].join(','))
  }
  return `${lines.join('\n')}\n`
}

/** The filters that the partitions alone answer in part, and the most files that they may leave. */
const layouts: readonly (readonly [string, string, number, readonly string[]])[] = [
  ['identity', 'region', 2, [`region = 'ä/ö'`, `region IN ('eu', 'nowhere')`, 'region IS NULL']],
  ['bucket', 'bucket(8, id)', 2, ['id = 77', `id = 199 AND region = 'us'`]],
  ['bucket of texts', 'bucket(6, code)', 2, [`code = 'c007'`]],
  ['truncate', 'truncate(50, id)', 2, ['id BETWEEN 110 AND 130', 'id < 50']],
  ['truncate of texts', 'truncate(1, code)', 2, [`code = 'b001'`, `code >= 'e'`]],
  ['year', 'year(ts)', 2, [`ts < TIMESTAMP '1969-12-15'`]],
  ['month', 'month(ts)', 2, [`ts BETWEEN TIMESTAMP '1969-12-31 12:00' AND TIMESTAMP '1970-01-02'`]],
  ['day', 'day(day)', 2, [`day = DATE '1969-12-31'`, `day = DATE '1970-01-01'`]],
  [
    'hour',
    'hour(ts)',
    4,
    [`ts BETWEEN TIMESTAMP '1969-12-31 20:00' AND TIMESTAMP '1970-01-01 04:00'`],
  ],
]

const aggregate = 'count(*), sum(id), sum(amount), min(ts), max(code), count(region)'

test.each(layouts)(
  'partitioned by %s, a load is written, read and pruned by it',
  async (name, by, most, filters) => {
    const { writer, reader } = platform.clients
    const table = `parts.${name.replaceAll(' ', '_')}`
    const first = await writer.ingest(table, { body: csv(0, 120), format: 'csv', partitionBy: by })
    expect(first.partitions).toBeGreaterThan(1)
    await writer.ingest(table, { body: csv(120, 200), format: 'csv' })
    const whole = async (from: string) =>
      (await reader.sql(`SELECT ${aggregate} FROM ${from}`)).rows
    expect(await whole(table)).toEqual(await whole('parts.plain'))
    for (const filter of filters) {
      const [ours, plain] = await Promise.all(
        [table, 'parts.plain'].map((from) => whole(`${from} WHERE ${filter}`)),
      )
      expect([filter, ours]).toEqual([filter, plain])
      const { scans } = await reader.sql(`EXPLAIN SELECT * FROM ${table} WHERE ${filter}`)
      const { total, afterPartitions } = scans?.[0] ?? {}
      expect(total?.files).toBeGreaterThan(most)
      expect(afterPartitions?.files, filter).toBeLessThan(total?.files ?? 0)
    }
    // Every value of the partition is found where it is, one by one.
    const { rows } = await reader.sql('SELECT id, code, ts, day FROM parts.plain ORDER BY id')
    for (const [id, code, ts, day] of rows.filter((_, index) => index % 23 === 0)) {
      const where = `id = ${id} AND code = '${code}' AND ts = '${ts}' AND day = '${day}'`
      expect([where, (await reader.sql(`SELECT id FROM ${table} WHERE ${where}`)).rows]).toEqual([
        where,
        [[id]],
      ])
    }
  },
)
