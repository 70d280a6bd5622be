import type { Fetch } from '@hypermesh/kit'
import { expect, test } from 'vitest'
import { openPlatform, type Platform, withDirectory } from './_platform.ts'

const csv = (rows: number) =>
  ({ body: `a\n${'1\n'.repeat(rows)}`, format: 'csv', again: true }) as const

async function placeOf({ client }: Platform, name: string) {
  const { metadata } = await client.loadTable(name)
  return metadata.location.replace(/^.*\/warehouse\//, '')
}

test('a table of a name that another had has a directory of its own', () =>
  withDirectory(async (root) => {
    await using platform = await openPlatform(root)
    const { client } = platform
    await client.ingest('n.t', csv(1))
    await client.renameTable('n.t', 'n.first')
    await client.ingest('n.t', csv(2))
    await client.ingest('n.t', csv(3))
    await client.renameTable('n.t', 'n.second')
    const form = [{ name: 'a.csv', body: csv(4).body }]
    await client.ingestFiles('n.t', form, { atomic: true, again: true })
    expect(await placeOf(platform, 'n.first')).toBe('n/t')
    const places = await Promise.all(
      ['n.first', 'n.second', 'n.t'].map((name) => placeOf(platform, name)),
    )
    expect(new Set(places).size).toBe(3)
    for (const place of places.slice(1)) expect(place).toMatch(/^n\/t-[0-9a-f]{8}$/)
    const files = await platform.warehouseFiles()
    const count = (place: string) =>
      files.filter((path) => path.startsWith(`${place}/data/`)).length
    expect(places.map(count)).toEqual([1, 2, 1])
    await client.dropTable('n.second', { purge: true })
    const { tables } = await client.listTables()
    expect(tables.map(({ table, rows }) => [table, rows])).toEqual([
      ['n.first', 1],
      ['n.t', 4],
    ])
  }))

test('a directory that a rename makes another table’s while a file is loaded is left to it', () =>
  withDirectory(async (root) => {
    let before: (() => Promise<unknown>) | undefined
    const catalogThrough =
      (inner: Fetch): Fetch =>
      async (request, context) => {
        const now = request.url.endsWith('/append-files') ? before : undefined
        if (now !== undefined) {
          before = undefined
          await now()
        }
        return inner(request, context)
      }
    await using platform = await openPlatform(root, { catalogThrough })
    const { client } = platform
    before = async () => {
      await client.ingest('n.t', csv(1))
      await client.renameTable('n.t', 'n.first')
    }
    expect(await client.ingest('n.t', csv(2))).toMatchObject({ result: 'committed', rows: 2 })
    expect(await placeOf(platform, 'n.first')).toBe('n/t')
    expect(await placeOf(platform, 'n.t')).toMatch(/^n\/t-[0-9a-f]{8}$/)
    const data = (await platform.warehouseFiles()).filter((path) => path.includes('/data/'))
    expect(data).toHaveLength(2)
  }))
