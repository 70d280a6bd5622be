import { HyperMeshError, type TableDetail } from '@hypermesh/contract'
import { startPlatform } from '@hypermesh/testing'
import { expect, test } from 'vitest'

const first = `id,price,day,note
1,1.5,2024-01-31,a
2,,2024-02-01,b
`
const types = { id: 'INTEGER' }
const second = `id,price,day,note,extra
3000000000,-2.25,1969-12-31,zz,x
`

test('a description says of the columns what SQL says of the rows', async () => {
  await using platform = await startPlatform()
  const { writer, reader } = platform.clients
  await writer.ingest('main.sales', { body: first, format: 'csv', types })
  await writer.ingest('main.sales', { body: second, format: 'csv' })
  const detail = await reader.describeTable('main.sales')
  expect(detail).toMatchObject({ table: 'main.sales', rows: 3, files: 2, snapshots: 2 })
  expect(detail).toMatchObject({ deleteFiles: 0, partitionCount: 0, partitionedBy: [] })
  expect(columns(detail)).toEqual({
    id: ['long', 0, '1', '3000000000'],
    price: ['double', 1, '-2.25', '1.5'],
    day: ['date', 0, '1969-12-31', '2024-02-01'],
    note: ['string', 0, 'a', 'zz'],
    // The first file has no such column and tells nothing of it.
    extra: ['string', null, null, null],
  })
  const { rows } = await reader.sql('SELECT min(id), max(id), count(*) - count(price) FROM sales')
  expect(rows).toEqual([[1, 3_000_000_000, 1]])
})

test('a description of an earlier snapshot has its schema and sizes', async () => {
  await using platform = await startPlatform()
  const { writer, reader } = platform.clients
  const { snapshotId } = await writer.ingest('main.sales', { body: first, format: 'csv', types })
  await writer.ingest('main.sales', { body: second, format: 'csv' })
  const detail = await reader.describeTable('main.sales', { snapshot: String(snapshotId) })
  expect(detail).toMatchObject({ snapshotId, rows: 2, files: 1 })
  expect(Object.keys(columns(detail))).toEqual(['id', 'price', 'day', 'note'])
  expect(columns(detail).id).toEqual(['int', 0, '1', '2'])
})

test('a difference counts the files, names the schema changes and the way between', async () => {
  await using platform = await startPlatform()
  const { writer, reader } = platform.clients
  const one = await writer.ingest('main.sales', { body: first, format: 'csv', types })
  const two = await writer.ingest('main.sales', { body: second, format: 'csv' })
  const three = await writer.ingest('main.sales', {
    body: second,
    format: 'csv',
    mode: 'overwrite',
    again: true,
  })
  expect(await reader.diffTable('main.sales', { to: String(two.snapshotId) })).toMatchObject({
    from: one.snapshotId,
    to: two.snapshotId,
    isAncestor: true,
    operations: ['append'],
    added: { files: 1, rows: 1 },
    removed: { files: 0, rows: 0 },
    unchangedFiles: 1,
    schemaChanges: [
      { kind: 'change-type', column: 'id', from: 'int', to: 'long' },
      { kind: 'add-column', column: 'extra', to: 'string' },
    ],
    partitioningChanged: false,
  })
  const whole = await reader.diffTable('main.sales', { from: String(one.snapshotId) })
  expect(whole).toMatchObject({
    to: three.snapshotId,
    operations: ['append', 'overwrite'],
    added: { files: 1, rows: 1 },
    removed: { files: 1, rows: 2 },
    unchangedFiles: 0,
  })
  const back = await reader.diffTable('main.sales', {
    from: String(three.snapshotId),
    to: String(one.snapshotId),
  })
  expect(back).toMatchObject({ isAncestor: false, operations: [], added: { files: 1, rows: 2 } })
  expect(await reader.diffTable('main.sales', { to: String(one.snapshotId) })).toMatchObject({
    from: null,
    added: { files: 1, rows: 2 },
    schemaChanges: [],
  })
})

test('what is not there, or no snapshot id, is refused', async () => {
  await using platform = await startPlatform()
  const { writer, reader } = platform.clients
  await writer.ingest('main.sales', { body: first, format: 'csv', types })
  await expect(reader.describeTable('main.nothing')).rejects.toMatchObject({ code: 'not_found' })
  const unknown = reader.diffTable('main.sales', { from: '7' })
  await expect(unknown).rejects.toMatchObject({ code: 'not_found' })
  const wrong = reader.describeTable('main.sales', { snapshot: '1; DROP' })
  await expect(wrong).rejects.toBeInstanceOf(HyperMeshError)
  await expect(wrong).rejects.toMatchObject({ code: 'invalid' })
})

function columns(detail: TableDetail) {
  return Object.fromEntries(
    detail.columns.map(({ name, type, nulls, lowerBound, upperBound }) => [
      name,
      [type, nulls, lowerBound, upperBound],
    ]),
  )
}
