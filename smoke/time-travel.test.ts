import { afterAll, beforeAll, expect, test } from 'vitest'
import { json, Server } from './_server.ts'

let server: Server
beforeAll(async () => {
  server = await Server.start()
})
afterAll(() => server[Symbol.asyncDispose]())

interface History {
  readonly snapshots: readonly { readonly rowsTotal: number; readonly committedAt: string }[]
}

test('a table is read as it was, by version and by time', async () => {
  const first = await server.load('main.log', 'n\n1\n')
  await server.load('main.log', 'n\n2\n')
  const third = await server.load('main.log', 'n\n3\n', 'format=csv&mode=overwrite')

  const response = await server.fetch('/v1/tables/main.log/history')
  const { snapshots } = await json<History>(response)
  expect(snapshots.map((each) => each.rowsTotal)).toEqual([1, 2, 1])
  expect(snapshots[0]).toMatchObject({ snapshotId: third.snapshotId, rowsRemoved: 2 })
  expect(snapshots[2]).toMatchObject({ snapshotId: first.snapshotId, parentId: null })

  const count = (at: string) => server.sql(`SELECT count(*), max(n) FROM main.log ${at}`)
  expect((await count('')).rows).toEqual([[1, 3]])
  const version = await count(`AT (VERSION => ${first.snapshotId})`)
  expect(version.rows).toEqual([[1, 1]])
  expect(Object.values(version.snapshots)).toEqual([first.snapshotId])
  const time = await count(`AT (TIMESTAMP => TIMESTAMPTZ '${snapshots[1]?.committedAt}')`)
  expect(time.rows).toEqual([[2, 2]])
})

test('both times stand in one statement', async () => {
  const before = await server.load('main.prices', 'item,price\nfig,10\n')
  await server.load('main.prices', 'item,price\nfig,12\n', 'format=csv&mode=overwrite')
  const reply = await server.sql(
    `SELECT a.price AS before, b.price AS now
     FROM main.prices a AT (VERSION => ${before.snapshotId}) JOIN main.prices b USING (item)`,
  )
  expect(reply.rows).toEqual([[10, 12]])
})

test('a version or a time that never was is a typed error', async () => {
  await expect(server.sql('FROM main.log AT (VERSION => 1)')).rejects.toThrow(/not_found|gone/)
  const early = "FROM main.log AT (TIMESTAMP => TIMESTAMP '2001-01-01')"
  await expect(server.sql(early)).rejects.toThrow(/not_found|gone/)
})

test('a table is described, and two of its snapshots are compared, over HTTP and by command', async () => {
  const first = await server.load('main.stock', 'item,count\nfig,10\n')
  const second = await server.load('main.stock', 'item,count,place\npear,7,shelf\n')
  const described = await json(await server.fetch('/v1/tables/main.stock'))
  expect(described).toMatchObject({ rows: 2, files: 2, snapshots: 2 })
  const difference = await json(await server.fetch('/v1/tables/main.stock/diff'))
  expect(difference).toMatchObject({
    from: first.snapshotId,
    to: second.snapshotId,
    added: { files: 1, rows: 1 },
    schemaChanges: [{ kind: 'add-column', column: 'place', to: 'string' }],
  })
  const description = await server.command(['tables', 'describe', 'stock'])
  expect(description).toMatchObject({ code: 0 })
  expect(description.stdout).toMatch(/count\s+│ long\s+│ +0 │ .* │ 7 +│ 10 /)
  const printed = await server.command(['diff', 'stock', String(first.snapshotId)])
  expect(printed.stdout).toContain('add column place → string')
})
