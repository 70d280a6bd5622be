import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { DuckDBInstance } from '@duckdb/node-api'
import * as arrow from 'apache-arrow'
import { expect, test } from 'vitest'
import { openPlatform, type Platform, type PlatformOptions, withDirectory } from './_platform.ts'

const csv = 'a,b\n1,x\n2,y\n3,z\n'

function onPlatform(body: (platform: Platform) => Promise<void>, options: PlatformOptions = {}) {
  return () =>
    withDirectory(async (root) => {
      await using platform = await openPlatform(root, options)
      await body(platform)
      expect(await platform.leftovers()).toEqual([])
    })
}

const threeRows = "FROM (VALUES (1,'x'),(2,'y'),(3,'z')) t(a,b)"

/** Rows in a format, as DuckDB writes them. */
async function written(format: string, name: string, rows = threeRows): Promise<Buffer> {
  const directory = await mkdtemp(join(tmpdir(), 'hypermesh-packed-'))
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    const path = join(directory, name)
    await connection.run(`COPY (${rows}) TO '${path}' (${format})`)
    return await readFile(path)
  } finally {
    connection.disconnectSync()
    instance.closeSync()
    await rm(directory, { recursive: true, force: true })
  }
}

test(
  'every format is loaded out of gzip and zstd, told by name, by header, by option and by magic',
  onPlatform(async ({ client, fetch }) => {
    const formats = [
      ['csv', 'FORMAT csv'],
      ['tsv', "FORMAT csv, DELIMITER '\t'"],
      ['ndjson', 'FORMAT json'],
      ['json', 'FORMAT json, ARRAY true'],
    ] as const
    for (const [format, options] of formats) {
      const zst = await written(`${options}, COMPRESSION zstd`, 'rows.zst')
      const gz = gzipSync(await written(options, 'rows'))
      const byName = await client.ingest(`n.${format}_zst`, { body: zst, name: `r.${format}.zst` })
      expect(byName).toMatchObject({ rows: 3, format, compression: 'zstd', bytesIn: zst.length })
      const byMagic = await client.ingest(`n.${format}_gz`, { body: gz, format })
      expect(byMagic).toMatchObject({ rows: 3, format, compression: 'gzip', bytesIn: gz.length })
      const inspection = await client.inspect({ body: gz, name: `r.${format}.gz` })
      expect(inspection).toMatchObject({ format, compression: 'gzip', bytes: gz.length })
    }
    const parquet = gzipSync(await written('FORMAT parquet', 'rows'))
    expect(await client.ingest('n.p', { body: parquet })).toMatchObject({
      rows: 3,
      format: 'parquet',
      compression: 'gzip',
    })
    const table = arrow.tableFromArrays({ a: Int32Array.of(1, 2, 3), b: ['x', 'y', 'z'] })
    for (const kind of ['file', 'stream'] as const) {
      const bytes = arrow.tableToIPC(table, kind)
      const plain = await client.ingest(`n.arrow_${kind}`, { body: bytes })
      expect(plain).toMatchObject({ rows: 3, format: 'arrow', compression: 'none' })
      const gz = await client.ingest(`n.arrow_${kind}`, { body: gzipSync(bytes), format: 'arrow' })
      expect(gz).toMatchObject({ rows: 3, compression: 'gzip', schemaChanges: [] })
    }
    const body = gzipSync(csv)
    const encoded = await fetch(
      new Request('http://platform/v1/ingest/n.encoded', {
        method: 'PUT',
        body,
        headers: { 'content-type': 'text/csv', 'content-encoding': 'gzip' },
      }),
    )
    expect(await encoded.json()).toMatchObject({ rows: 3, compression: 'gzip' })
    const twice = await client.ingest('n.twice', {
      body: Buffer.concat([body, gzipSync('4,w\n')]),
      compression: 'gzip',
    })
    expect(twice.rows).toBe(4)
  }),
)

test('packed bytes already loaded are known again, also in place', () =>
  withDirectory(async (root) => {
    const files = await mkdtemp(join(tmpdir(), 'hypermesh-packed-'))
    await using platform = await openPlatform(root, { allowedRoots: [files] })
    const path = join(files, 'a.csv.gz')
    const body = gzipSync(csv)
    await writeFile(path, body)
    const first = await platform.client.ingest('n.t', { source: path })
    expect(first).toMatchObject({ result: 'committed', rows: 3, inPlace: false })
    const again = await platform.client.ingest('n.t', { body, name: 'a.csv.gz' })
    expect(again).toMatchObject({ result: 'already-loaded', snapshotId: first.snapshotId })
    expect(await readFile(path)).toEqual(body)
    await rm(files, { recursive: true })
  }))

test(
  'damage, a second packing and a wrong claim are typed errors that leave nothing',
  onPlatform(async (platform) => {
    const gz = gzipSync(`a,b\n${Array.from(randomBytes(5000), (byte) => `${byte},x`).join('\n')}\n`)
    const zst = await written('FORMAT csv, COMPRESSION zstd', 'rows.zst')
    const flipped = Buffer.from(gz)
    flipped[gz.length - 6] = (flipped[gz.length - 6] ?? 0) ^ 1
    const cases: readonly (readonly [Buffer | string, string, string, RegExp])[] = [
      [gz.subarray(0, gz.length - 4), 'a.csv', 'invalid', /gzip data is cut off/],
      [gz.subarray(0, 2000), 'a.csv', 'invalid', /cut off/],
      [flipped, 'a.csv', 'invalid', /gzip data is damaged/],
      [Buffer.concat([gz, Buffer.from('garbage')]), 'a.csv', 'invalid', /gzip data/],
      [Buffer.concat([gz, Buffer.alloc(9), gz]), 'a.csv', 'invalid', /followed by something else/],
      [gzipSync(gz), 'a.csv.gz', 'unsupported_media', /gzip inside gzip/],
      [gzipSync(zst), 'a.csv.gz', 'unsupported_media', /zstd inside gzip/],
      [zst.subarray(0, zst.length - 2), 'a.csv', 'invalid', /zstd data is cut off/],
      [Buffer.concat([zst, gz]), 'a.csv', 'invalid', /no zstd frame/],
      [csv, 'a.csv.gz', 'invalid', /not gzip, though/],
      [gz, 'a.csv.zst', 'invalid', /not zstd, though/],
      [gzipSync(''), 'a.csv.gz', 'invalid', /empty/],
    ]
    for (const [body, name, code, message] of cases) {
      const refused = platform.client.ingest('n.t', { body, name })
      await expect(refused, message.source).rejects.toMatchObject({
        code,
        effect: 'none',
        message: expect.stringMatching(message),
      })
    }
    expect(await platform.warehouseFiles()).toEqual([])
  }),
)

test(
  'a bomb stops at the limit of unpacked bytes and leaves nothing',
  onPlatform(
    async (platform) => {
      const zeros = Buffer.alloc(20_000_000, 'a,b\n1,2\n')
      const long = "SELECT repeat('x', 1000) AS a FROM range(5000)"
      const zst = await written('FORMAT csv, COMPRESSION zstd', 'bomb', long)
      expect(zst.length).toBeLessThan(10_000)
      for (const body of [gzipSync(zeros), zst]) {
        await expect(platform.client.ingest('n.t', { body, name: 'a.csv' })).rejects.toMatchObject({
          code: 'too_large',
          details: { unpackedBytesMax: 1_000_000 },
        })
      }
      const fits = gzipSync(zeros.subarray(0, 1_000_000))
      expect(await platform.client.ingest('n.t', { body: fits })).toMatchObject({ rows: 249_999 })
      const beyond = gzipSync(zeros.subarray(0, 1_000_001))
      await expect(platform.client.ingest('n.u', { body: beyond })).rejects.toMatchObject({
        code: 'too_large',
      })
    },
    { limits: { unpackedBytesMax: 1_000_000 } },
  ),
)
