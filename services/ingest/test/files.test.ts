import { gzipSync } from 'node:zlib'
import * as arrow from 'apache-arrow'
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

const csv = { name: 'a.csv', body: 'id,name\n1,a\n2,b\n' }
const json = { name: 'b.ndjson.gz', body: gzipSync('{"id":3,"name":"c","more":1.5}\n') }
const table = arrow.tableFromArrays({ id: Int32Array.of(4), name: ['d'] })
const ipc = { name: 'c.arrow', body: arrow.tableToIPC(table, 'file') }
const bad = { name: 'bad.csv', body: 'id,name\n1\n' }

async function history({ client }: Platform, name = 'n.t') {
  return (await client.tableHistory(name)).snapshots
}

test(
  'files of a form are loaded in their order, each with its own result and snapshot',
  onPlatform(async (platform) => {
    const { results, failed } = await platform.client.ingestFiles('n.t', [csv, bad, json, ipc, csv])
    expect(failed).toBe(1)
    expect(results.map(({ name, receipt }) => [name, receipt?.result, receipt?.rows])).toEqual([
      ['a.csv', 'committed', 2],
      ['bad.csv', undefined, undefined],
      ['b.ndjson.gz', 'committed', 1],
      ['c.arrow', 'committed', 1],
      ['a.csv', 'already-loaded', 0],
    ])
    expect(results[1]?.error).toMatchObject({ code: 'invalid', details: { line: 2 } })
    expect((await history(platform)).map(({ rowsTotal }) => rowsTotal)).toEqual([4, 3, 2])
  }),
)

test(
  'together they are one commit with all columns, and the same again is nothing new',
  onPlatform(async (platform) => {
    const { client } = platform
    const files = [csv, json, ipc]
    const terms = { atomic: true, partitionBy: 'name' }
    const first = await client.ingestFiles('n.t', files, terms)
    expect(first.failed).toBe(0)
    expect(first.results.map(({ receipt }) => receipt?.rows)).toEqual([2, 1, 1])
    expect(new Set(first.results.map(({ receipt }) => receipt?.snapshotId)).size).toBe(1)
    expect(first.results[0]?.receipt?.schemaChanges).toEqual([{ kind: 'create-table' }])
    expect((await history(platform)).map(({ rowsTotal }) => rowsTotal)).toEqual([4])
    const { metadata } = await client.loadTable('n.t')
    expect(metadata.schemas.at(-1)?.fields.map(({ id, name }) => [id, name])).toEqual([
      [1, 'id'],
      [2, 'name'],
      [3, 'more'],
    ])
    const again = await client.ingestFiles('n.t', files, { atomic: true })
    expect(again.results.map(({ receipt }) => receipt?.result)).toEqual([
      'already-loaded',
      'already-loaded',
      'already-loaded',
    ])
    const more = { name: 'd.csv', body: 'id,name,extra\n5,a,x\n' }
    const over = { atomic: true, mode: 'overwrite' as const }
    const last = await client.ingestFiles('n.t', [csv, more], over)
    expect(last.results[0]?.receipt?.schemaChanges).toEqual([
      { kind: 'add-column', column: 'extra', to: 'string' },
    ])
    expect((await history(platform)).map(({ rowsTotal }) => rowsTotal)).toEqual([3, 4])
  }),
)

test(
  'together, one bad file leaves nothing of the others and is named',
  onPlatform(async (platform) => {
    const { client } = platform
    const together = (files: Parameters<typeof client.ingestFiles>[1]) =>
      client.ingestFiles('n.t', files, { atomic: true })
    await expect(together([csv, bad, json])).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringMatching(/^bad\.csv: line 2: the row has 1 fields/),
      details: { file: 'bad.csv', line: 2 },
    })
    const text = { name: 'text.csv', body: 'id,name\nx,y\n' }
    await expect(together([csv, text])).rejects.toMatchObject({
      code: 'type_mismatch',
      message: expect.stringMatching(/^text\.csv: column id is long/),
    })
    const cut = { name: 'cut.csv.gz', body: gzipSync('a\n1\n').subarray(0, 15) }
    await expect(together([csv, cut])).rejects.toThrow(/^cut\.csv\.gz: the gzip data is cut off/)
    await expect(together([])).rejects.toThrow('no files')
    expect(await platform.warehouseFiles()).toEqual([])
  }),
)

test(
  'a type that only the rest of a file shows is widened for all files together',
  onPlatform(async (platform) => {
    const late = `id,name\n${'1,x\n'.repeat(30_000)}2.5,y\n`
    const files = [csv, { name: 'late.csv', body: late }]
    const first = { name: 'first.csv', body: 'id,name\n0.5,z\n' }
    await expect(platform.client.ingestFiles('n.t', files, { atomic: true })).rejects.toMatchObject(
      { code: 'type_mismatch', details: { file: 'late.csv' } },
    )
    const done = await platform.client.ingestFiles('n.u', [first, ...files], { atomic: true })
    expect(done.results.map(({ receipt }) => receipt?.rows)).toEqual([1, 2, 30_001])
  }),
)

test(
  'a repeated form under a key gives the receipts of the first, apart and together',
  onPlatform(async (platform) => {
    const { client } = platform
    for (const atomic of [false, true]) {
      const name = `n.t${Number(atomic)}`
      const options = { idempotencyKey: 'once' }
      const first = await client.ingestFiles(name, [csv, json], { atomic, again: true }, options)
      const second = await client.ingestFiles(name, [csv, json], { atomic, again: true }, options)
      const told = ({ results }: typeof first) =>
        results.map(({ receipt }) => [receipt?.result, receipt?.rows, receipt?.snapshotId])
      expect(told(second)).toEqual(told(first))
      expect(await history(platform, name)).toHaveLength(atomic ? 1 : 2)
      const other = client.ingestFiles(name, [json, csv], { atomic: true }, options)
      if (atomic) await expect(other).rejects.toMatchObject({ code: 'key_reused' })
      else await other
    }
  }),
)

test(
  'what is no form of files is refused before anything is loaded',
  onPlatform(
    async (platform) => {
      const post = async (body: string | FormData, search = '') => {
        const url = `http://platform/v1/ingest/n.t${search}`
        const response = await platform.fetch(new Request(url, { method: 'POST', body }))
        return [
          response.status,
          ((await response.json()) as { error?: { code: string } }).error?.code,
        ]
      }
      expect(await post('a\n1\n')).toEqual([415, 'unsupported_media'])
      const fields = new FormData()
      fields.append('mode', 'append')
      expect(await post(fields)).toEqual([400, 'invalid'])
      expect(await post(new FormData())).toEqual([400, 'invalid'])
      const files = new FormData()
      files.append('file', new Blob(['a\n1\n']), 'a.csv')
      expect(await post(files, '?mode=overwrite')).toEqual([400, 'invalid'])
      expect(await post(files, '?name=a.csv')).toEqual([400, 'invalid'])
      expect(await platform.warehouseFiles()).toEqual([])
      expect((await post(files))[0]).toBe(200)
      files.append('file', new Blob(['']), 'b.csv')
      expect((await post(files))[0]).toBe(207)
      files.append('file', new Blob(['a\n2\n']), 'c.csv')
      expect(await post(files, '?atomic=true')).toEqual([413, 'too_large'])
    },
    { limits: { ingestFilesMax: 2 } },
  ),
)
