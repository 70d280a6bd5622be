import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Fetch } from '@hypermesh/kit'
import { onFaultPoint } from '@hypermesh/object-store'
import { expect, test } from 'vitest'
import { openPlatform, type Platform, withDirectory } from './_platform.ts'

const cars = { body: 'name,horsepower\nchevelle,130\n', format: 'csv' } as const

/** Stands before the catalog; `onAppend` is called once, in place of the next commit. */
class Line {
  isCut = false
  onAppend: ((request: Request, forward: () => Promise<Response>) => Promise<Response>) | undefined

  readonly through =
    (inner: Fetch): Fetch =>
    async (request, context) => {
      if (this.isCut) throw new TypeError('the connection was lost')
      const { onAppend } = this
      if (onAppend === undefined || !request.url.endsWith('/append-files')) {
        return inner(request, context)
      }
      this.onAppend = undefined
      return onAppend(request, async () => inner(request, context))
    }
}

async function parquetFiles(platform: Platform): Promise<string[]> {
  return (await platform.warehouseFiles()).filter((path) => path.endsWith('.parquet'))
}

/** Every data file is one that the table names, and nothing temporary is left. */
async function expectSettled(root: string, rows: number): Promise<void> {
  expect(await readdir(join(root, 'tmp'))).toEqual([])
  await using platform = await openPlatform(root)
  const { tables } = await platform.client.listTables()
  expect(tables.map((table) => table.rows)).toEqual(rows === 0 ? [] : [rows])
  expect(await parquetFiles(platform)).toHaveLength(tables[0]?.files ?? 0)
}

/** Loads while the commit's answer, and every later one of the catalog, is lost. */
async function loadUnsettled(platform: Platform, line: Line, landed: boolean): Promise<void> {
  line.onAppend = async (_, forward) => {
    if (landed) await forward()
    line.isCut = true
    throw new TypeError('the connection was lost')
  }
  const work = platform.client.ingest('n.t', cars)
  await expect(work).rejects.toMatchObject({ code: 'unavailable', effect: 'unknown' })
  expect(await platform.leftovers()).toEqual([
    expect.stringMatching(/\/ingest-[^/]+\/intent.json$/),
  ])
  expect(await parquetFiles(platform)).toHaveLength(1)
}

for (const landed of [true, false]) {
  const which = landed ? 'landed' : 'did not land'

  test(`a load that ${which} unknown to it is settled when the process stops`, () =>
    withDirectory(async (root) => {
      const line = new Line()
      {
        await using platform = await openPlatform(root, { catalogThrough: line.through })
        await loadUnsettled(platform, line, landed)
        line.isCut = false
      }
      await expectSettled(root, landed ? 1 : 0)
    }))

  test(`a load that ${which} and cannot be settled at the stop is settled at the next start`, () =>
    withDirectory(async (root) => {
      const line = new Line()
      {
        await using platform = await openPlatform(root, { catalogThrough: line.through })
        await loadUnsettled(platform, line, landed)
      }
      expect(await readdir(join(root, 'tmp'))).toHaveLength(1)
      {
        await using platform = await openPlatform(root)
        expect(await platform.leftovers()).toEqual([])
      }
      await expectSettled(root, landed ? 1 : 0)
    }))
}

test('a lost commit that another request of the key made meanwhile is answered with its receipt', () =>
  withDirectory(async (root) => {
    const line = new Line()
    const options = { idempotencyKey: 'key' }
    {
      await using platform = await openPlatform(root, { catalogThrough: line.through })
      line.onAppend = async () => {
        await platform.client.ingest('n.t', cars, options)
        throw new TypeError('the connection was lost')
      }
      const receipt = await platform.client.ingest('n.t', cars, options)
      const { tables } = await platform.client.listTables()
      expect(receipt).toMatchObject({ result: 'committed', rows: 1 })
      expect(tables).toMatchObject([{ rows: 1, snapshotId: receipt.snapshotId }])
      expect(await parquetFiles(platform)).toHaveLength(1)
    }
    await expectSettled(root, 1)
  }))

test('a load of an idempotency key asks for earlier ones without writing to the log', () =>
  withDirectory(async (root) => {
    await using platform = await openPlatform(root)
    const { client } = platform
    const options = { idempotencyKey: 'key' }
    const first = await client.ingest('n.t', cars, options)
    const { seq } = await client.commitPosition()
    const again = await client.ingest('n.t', cars, options)
    expect(again).toMatchObject({ result: 'committed', snapshotId: first.snapshotId })
    expect(await client.commitPosition()).toEqual({ seq })
  }))

test('files that cannot be deleted after the answer are deleted later, and the answer stands', () =>
  withDirectory(async (root) => {
    const line = new Line()
    {
      await using platform = await openPlatform(root, { catalogThrough: line.through })
      await platform.client.ingest('n.t', { ...cars, body: `${cars.body}ford,90\n` })
      line.onAppend = async (_, forward) => {
        await platform.client.ingest('n.t', cars)
        const reply = await forward()
        onFaultPoint((_point, name) => {
          if (name === 'unlink:before') throw new Error('the disk has failed')
        })
        return reply
      }
      const receipt = await platform.client.ingest('n.t', cars)
      onFaultPoint(undefined)
      expect(receipt).toMatchObject({ result: 'already-loaded' })
      expect(await platform.leftovers()).toHaveLength(1)
      expect(await parquetFiles(platform)).toHaveLength(3)
    }
    await expectSettled(root, 3)
  }))
