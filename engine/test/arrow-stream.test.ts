import { tableFromIPC } from 'apache-arrow'
import { expect, test } from 'vitest'
import { exportArrow, type HyperedgeInput, microsToText, microsToTexts } from '../lib/index.ts'
import { newDatabase } from './_database.ts'

type Source = Parameters<typeof exportArrow>[0]

async function read(table: Source, options?: Parameters<typeof exportArrow>[1]) {
  const pieces: Uint8Array[] = []
  for await (const piece of exportArrow(table, options)) pieces.push(Buffer.from(piece))
  return tableFromIPC(pieces)
}

const typeOfMembers = ({ schema }: Awaited<ReturnType<typeof read>>) =>
  String(schema.fields.find(({ name }) => name === 'members')?.type)

test('members are integers where all of the table are, whatever other tables have', async () => {
  const database = await newDatabase()
  const numbers = await database.createTable('numbers', {})
  const others = await database.createTable('others', {})
  await others.insertMany([{ at: 1, members: ['ann', 'bob'] }])
  await numbers.insertMany([{ at: 1, members: [7, 2 ** 40] }])
  expect(typeOfMembers(await read(numbers))).toBe('List<Uint64>')
  expect(typeOfMembers(await read(others))).toBe('List<Utf8>')

  await numbers.insertMany([{ at: 2, members: ['ann', 7] }])
  const mixed = await read(numbers)
  expect(typeOfMembers(mixed)).toBe('List<Utf8>')
  const isInteger = mixed.toArray().map((row) => [...row.membersInteger])
  expect(isInteger).toEqual([
    [true, true],
    [false, true],
  ])
})

test('a stream is of one state, also where its only text has gone again since', async () => {
  const database = await newDatabase()
  const table = await database.createTable('t', {})
  const { ids } = await table.insertMany([
    { at: 1, members: [1] },
    { at: 2, members: ['ann'] },
  ])
  using before = database.snapshot()
  await table.delete([ids[1] ?? 0])
  expect(typeOfMembers(await read(table))).toBe('List<Uint64>')
  expect(typeOfMembers(await read(before.table('t')))).toBe('List<Utf8>')
})

test('pages of a stream keep labels, roles, ends and nulls, some of which a page has none of', async () => {
  const database = await newDatabase()
  const table = await database.createTable('t', { properties: { text: 'string' } })
  const rows = Array.from({ length: 50 }, (_, at): HyperedgeInput => {
    if (at < 20) return { at, members: [at, at + 1] }
    return {
      ...{ at, until: at % 3 === 0 ? at + 5 : null, label: at % 2 === 0 ? 'größer' : null },
      members: [at, { node: at + 1, role: at % 5 === 0 ? 'Gäste' : null }],
      ...{ key: `k${at}`, props: { text: at % 7 === 0 ? null : 'ü' } },
    }
  })
  await table.insertMany(rows)
  const all = await read(table, { pageRows: 10 })
  expect(all.batches.length).toBe(5)
  const found = all.toArray().map((row) => ({
    ...{ at: Number(row.at), until: row.until === null ? null : Number(row.until) },
    ...{ label: row.label, key: row.key, text: row.text },
    members: [...row.members].map(Number),
    roles: [...row.roles],
  }))
  const wanted = rows.map(({ until, label, key, props }, at) => ({
    ...{ at, until: until ?? null, label: label ?? null, key: key ?? null },
    text: props?.text ?? null,
    members: [at, at + 1],
    roles: [null, at >= 20 && at % 5 === 0 ? 'Gäste' : null],
  }))
  expect(found).toEqual(wanted)
})

test('texts of many instants are those of each', () => {
  const micros = [
    ...[0n, 1n, -1n, 999n, 1000n, -1000n, 1_700_000_000_123_456n, -62_135_596_800_000_000n],
    ...[2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 63n - 2n, -(2n ** 62n)],
  ]
  const never = 2n ** 63n - 1n
  expect(microsToTexts(BigInt64Array.from([...micros, never]))).toEqual([
    ...micros.map((each) => microsToText(each)),
    null,
  ])
})
