import { createReadStream, createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { tableFromIPC } from 'apache-arrow'
import { expect, test } from 'vitest'
import type { PropertyType } from '../lib/index.ts'
import { columnLabelsOf } from '../lib/result-names.ts'
import { TableLayout } from '../lib/schema.ts'
import { newDatabase, temporaryDirectory } from './_database.ts'
import { formatNames, formats } from './_formats.ts'

const fixed = ['id', 'at', 'until', 'weight', 'label', 'arity', 'members', 'roles', 'key', 'seq']
const others = ['membersInteger', 'props', 'edge', 'node', 'event_ts', 'valid_to', 'plain']

async function tableOf(names: readonly string[], type: PropertyType) {
  const properties = Object.fromEntries(names.map((name) => [name, type]))
  return await (await newDatabase()).createTable('t', { properties })
}

test.each(formatNames)('%s keeps properties that have the name of a field', async (format) => {
  const { write, read } = formats[format]
  for (const type of ['timestamp', 'int64', 'string'] as const) {
    const names = [...fixed, ...others]
    const table = await tableOf(names, type)
    const valueAt = (place: number) => (type === 'string' ? `text ${place}` : BigInt(place) * 1000n)
    const props = Object.fromEntries(names.map((name, place) => [name, valueAt(place)]))
    const row = { at: 7, until: 9, weight: 3, label: 'x', key: 'k', members: { host: ['a', 5] } }
    await table.insertMany([
      { ...row, props },
      { at: 8, members: ['b'], props: { members: valueAt(40) } },
    ])
    const file = join(await temporaryDirectory(), 'file')
    await pipeline(Readable.from(write(table)), createWriteStream(file))
    const copy = await tableOf(names, type)
    await read(copy, createReadStream(file))
    expect(copy.findSync().rows()).toEqual(table.findSync().rows())
    const [first] = copy.findSync().rows()
    const whole = type === 'timestamp' ? 1 : 1000
    const shown = (place: number) => (type === 'string' ? `text ${place}` : place * whole)
    const wanted = names.map((name, place) => [name, shown(place)])
    expect(first?.props).toEqual(Object.fromEntries(wanted))
  }
})

test('a result has the fixed column and the property of its name', async () => {
  const table = await tableOf(fixed, 'int64')
  const props = Object.fromEntries(fixed.map((name, place) => [name, place + 100]))
  await table.insertMany([
    { at: 7, label: 'x', members: ['a', 5], props: { ...props, members: null } },
    { at: 8, label: 'y', members: ['b'], props },
  ])
  const batch = table.findSync()
  const clashing = fixed.map((name) => `props.${name}`)
  expect(batch.columnNames).toEqual(expect.arrayContaining(clashing))
  expect(new Set(batch.columnNames).size).toBe(batch.columnNames.length)
  expect([...batch.labels, ...batch.eventTs]).toEqual(['x', 'y', 7000n, 8000n])
  expect([...Array.from(batch.values('props.members'))]).toEqual([null, 106])
  const arrow = tableFromIPC(await batch.toIPC())
  expect(arrow.schema.fields.map(({ name }) => name)).toEqual([
    ...batch.columnNames.slice(0, 6),
    'membersInteger',
    ...batch.columnNames.slice(6),
  ])
  const rows = arrow.toArray().map((row) => row.toJSON())
  expect(rows.map((row) => [row.label, row['props.label']])).toEqual([
    ['x', 104n],
    ['y', 104n],
  ])
  expect(rows.map((row) => row['props.members'])).toEqual([null, 106n])
  expect(rows.map(({ members }) => [...members])).toEqual([['a', '5'], ['b']])
})

test('a node property may be called node', async () => {
  const db = await newDatabase()
  await db.nodes.declare({ node: 'int64', label: 'int64' })
  await db.nodes.set('ann', { node: 4, label: 5 })
  const batch = await db.nodes.find()
  expect(batch.columnNames).toEqual(['node', 'props.node', 'label'])
  expect(batch.rows()).toEqual([{ node: 'ann', props: { node: 4, label: 5 } }])
  expect([...Array.from(batch.values('node'))]).toEqual(['ann'])
})

test('a measure of a fixed column means the column, not the property of its name', async () => {
  const table = await tableOf(['arity', 'at'], 'timestamp')
  await table.insert({ at: 7, members: [1, 2], props: { arity: 3n, at: 2_000n } })
  const measures = {
    sum: { sum: 'arity' },
    fixed: { max: 'arity' },
    property: { max: { property: 'arity' } },
    at: { max: { property: 'at' } },
  } as const
  const [row] = table.aggregateSync({ measures }).rows()
  expect(row).toEqual({ sum: 2, fixed: 2, property: 0.003, at: 2 })
  const labelOf = columnLabelsOf(new TableLayout(table.schema), measures)
  const meanings = [0, 1, 2, 3].map((place) => labelOf(64, place).meaning)
  expect(meanings).toEqual(['plain', 'plain', 'instant', 'instant'])
})
