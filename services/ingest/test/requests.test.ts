import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Fetch } from '@hypermesh/kit'
import { expect, test } from 'vitest'
import { openPlatform, type Platform, type PlatformOptions, withDirectory } from './_platform.ts'

const cars = 'name,horsepower\nchevelle,130\n'

function onPlatform(body: (platform: Platform) => Promise<void>, options: PlatformOptions = {}) {
  return () =>
    withDirectory(async (root) => {
      await using platform = await openPlatform(root, options)
      await body(platform)
      expect(await platform.leftovers()).toEqual([])
    })
}

interface Reply {
  readonly status: number
  readonly error: { readonly code: string; readonly message: string; readonly details?: unknown }
}

async function put(
  { fetch }: Platform,
  path: string,
  init: RequestInit & { readonly duplex?: 'half' } = {},
): Promise<Reply> {
  const response = await fetch(
    new Request(`http://platform/v1/ingest/${path}`, { method: 'PUT', ...init }),
  )
  return { status: response.status, ...((await response.json()) as Omit<Reply, 'status'>) }
}

const csv = { 'content-type': 'text/csv' }

test(
  'bad requests are typed and leave nothing',
  onPlatform(async (platform) => {
    const cases: readonly (readonly [string, RequestInit, number, string])[] = [
      ['n.t;drop', { body: cars, headers: csv }, 422, 'invalid_name'],
      ["n.t'--", { body: cars, headers: csv }, 422, 'invalid_name'],
      ['..%2F..%2Fx.t', { body: cars, headers: csv }, 422, 'invalid_name'],
      ['justone', { body: cars, headers: csv }, 422, 'invalid_name'],
      ['n.t?mode=upsert', { body: cars, headers: csv }, 400, 'invalid'],
      ['n.t?colour=red', { body: cars, headers: csv }, 400, 'invalid'],
      ['n.t?types=x', { body: cars, headers: csv }, 400, 'invalid'],
      ['n.t?types={"name":"INTEGER);--"}', { body: cars, headers: csv }, 400, 'invalid'],
      ['n.t?types={"nam":"VARCHAR"}', { body: cars, headers: csv }, 400, 'invalid'],
      ['n.t', { body: new FormData() }, 415, 'unsupported_media'],
      ['n.t', { body: new URLSearchParams({ a: '1' }) }, 415, 'unsupported_media'],
      ['n.t?format=csv', { body: new FormData() }, 415, 'unsupported_media'],
      ['n.t', { body: '<a/>', headers: { 'content-type': 'text/html' } }, 415, 'unsupported_media'],
      [
        'n.t',
        { body: cars, headers: { ...csv, 'content-encoding': 'br' } },
        415,
        'unsupported_media',
      ],
      [
        'n.t',
        { body: cars, headers: { 'content-type': 'text/csv; charset=latin1' } },
        415,
        'unsupported_media',
      ],
      ['n.t', { body: cars, headers: { ...csv, 'content-length': '999' } }, 400, 'invalid'],
      ['n.t', { body: '', headers: csv }, 400, 'invalid'],
      ['n.t', { headers: csv }, 400, 'invalid'],
      ['n.t', { body: 'a,A\n1,2\n', headers: csv }, 400, 'invalid'],
      ['n.t', { body: 'a,b\n1\n', headers: csv }, 400, 'invalid'],
      ['n.t', { body: new Uint8Array([97, 10, 0xff, 10]), headers: csv }, 400, 'invalid'],
      ['n.t?format=parquet', { body: cars }, 400, 'invalid'],
      ['n.t', { body: `PAR1${'x'.repeat(100)}PAR1` }, 400, 'invalid'],
      ['n.t?source=/etc/passwd', {}, 403, 'forbidden'],
      ['n.t?source=/etc/passwd', { body: cars }, 400, 'invalid'],
    ]
    for (const [path, init, status, code] of cases) {
      const reply = await put(platform, path, init)
      expect([path, reply.status, reply.error?.code]).toEqual([path, status, code])
    }
    expect(await platform.warehouseFiles()).toEqual([])
    expect((await platform.client.listTables()).tables).toEqual([])
  }),
)

test(
  'a body larger than the limit is refused, one at the limit is loaded',
  onPlatform(
    async (platform) => {
      const stream = (text: string) => ({
        body: new Blob([text]).stream(),
        duplex: 'half' as const,
        headers: csv,
      })
      const over = await put(platform, 'n.t', stream(`${cars}x`))
      expect(over).toMatchObject({ status: 413, error: { code: 'too_large' } })
      expect(await put(platform, 'n.t', stream(cars))).toMatchObject({ status: 200 })
    },
    { limits: { uploadBytesMax: cars.length } },
  ),
)

test(
  'a client that goes away leaves nothing',
  onPlatform(async (platform) => {
    for (const rows of [10, 400_000]) {
      const stop = new AbortController()
      const text = `a,b\n${'1,x\n'.repeat(rows)}`
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(text))
          if (rows > 10) controller.close()
        },
      })
      const init = { method: 'PUT', body, duplex: 'half', headers: csv, signal: stop.signal }
      const request = new Request('http://platform/v1/ingest/n.t', init as RequestInit)
      const reply = Promise.resolve(platform.fetch(request))
      await new Promise((resolve) => setImmediate(resolve))
      stop.abort()
      expect((await reply).status).toBe(499)
    }
    expect(await platform.warehouseFiles()).toEqual([])
  }),
)

test(
  'an idempotency key returns the stored receipt, and is refused for another load',
  onPlatform(async (platform) => {
    const { client, warehouseFiles } = platform
    const options = { idempotencyKey: 'key-1' }
    const first = await client.ingest('n.t', { body: cars, format: 'csv', again: true }, options)
    const files = await warehouseFiles()
    const again = await client.ingest('n.t', { body: cars, format: 'csv', again: true }, options)
    expect(again).toMatchObject({ ...first, elapsedMs: expect.any(Number) })
    expect(again.result).toBe('committed')
    expect(await warehouseFiles()).toEqual(files)
    const other = client.ingest('n.t', { body: `${cars}ford,9\n`, format: 'csv' }, options)
    await expect(other).rejects.toMatchObject({ code: 'key_reused' })
    const elsewhere = await client.ingest('n.u', { body: cars, format: 'csv' }, options)
    expect(elsewhere).toMatchObject({ result: 'committed', table: 'n.u' })
    expect((await client.listTables()).tables).toMatchObject([{ rows: 1 }, { rows: 1 }])
  }),
)

test(
  'many loads into one table at once all land, whatever they do to its schema',
  onPlatform(
    async ({ client, warehouseFiles }) => {
      const loads = Array.from({ length: 12 }, (_, index) => {
        const body = `id,c${index % 4}\n${index},x\n`
        return client.ingest('n.t', { body, format: 'csv' })
      })
      const receipts = await Promise.all(loads)
      expect(receipts.every((receipt) => receipt.result === 'committed')).toBe(true)
      expect(
        receipts.flatMap((r) => r.schemaChanges.filter((c) => c.kind === 'create-table')),
      ).toHaveLength(1)
      const { tables } = await client.listTables()
      expect(tables).toMatchObject([{ rows: 12, files: 12 }])
      const files = await warehouseFiles()
      expect(files.filter((path) => path.endsWith('.parquet'))).toHaveLength(12)
    },
    { limits: { ingestConcurrencyMax: 4 } },
  ),
)

test(
  'the same bytes sent twice at once are loaded once',
  onPlatform(async ({ client, warehouseFiles }) => {
    const receipts = await Promise.all(
      Array.from({ length: 4 }, () => client.ingest('n.t', { body: cars, format: 'csv' })),
    )
    expect(receipts.map((receipt) => receipt.result).sort()).toEqual([
      'already-loaded',
      'already-loaded',
      'already-loaded',
      'committed',
    ])
    const files = await warehouseFiles()
    expect(files.filter((path) => path.endsWith('.parquet'))).toHaveLength(1)
  }),
)

for (const landed of [true, false]) {
  const line = { isBroken: true }
  const catalogThrough =
    (inner: Fetch): Fetch =>
    async (request, context) => {
      if (!line.isBroken || !request.url.endsWith('/append-files')) return inner(request, context)
      if (landed) await inner(request, context)
      throw new TypeError('the connection was lost')
    }
  test(
    `a commit whose answer is lost ${landed ? 'after' : 'before'} it landed is settled by the log`,
    onPlatform(
      async ({ client, warehouseFiles }) => {
        const options = { idempotencyKey: 'key' }
        const work = client.ingest('n.t', { body: cars, format: 'csv' }, options)
        if (landed) {
          const receipt = await work
          const { tables } = await client.listTables()
          expect(receipt).toMatchObject({ result: 'committed', rows: 1 })
          expect(tables).toMatchObject([{ rows: 1, snapshotId: receipt.snapshotId }])
        } else {
          await expect(work).rejects.toMatchObject({ effect: 'none' })
          expect(await warehouseFiles()).toEqual([])
        }
        line.isBroken = false
        const later = await client.ingest('n.t', { body: cars, format: 'csv' }, options)
        expect(later).toMatchObject({ result: 'committed', rows: 1 })
        expect((await client.listTables()).tables).toMatchObject([{ rows: 1, files: 1 }])
      },
      { catalogThrough },
    ),
  )
}

test(
  'loads beyond the queue are refused as unavailable',
  onPlatform(
    async ({ fetch }) => {
      const body = `a,b\n${'1,x\n'.repeat(200_000)}`
      const requests = Array.from({ length: 6 }, (_, index) =>
        Promise.resolve(
          fetch(
            new Request(`http://platform/v1/ingest/n.t${index}`, {
              method: 'PUT',
              body,
              headers: csv,
            }),
          ),
        ),
      )
      const statuses = (await Promise.all(requests)).map((response) => response.status)
      expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(0)
      expect(new Set(statuses)).toEqual(new Set([200, 503]))
    },
    { limits: { ingestConcurrencyMax: 1, ingestQueueMax: 1, ingestSmallBytesMax: 1 } },
  ),
)

test(
  'uploads beyond those that may run and wait are refused before they are written to disk',
  onPlatform(
    async ({ fetch, root }) => {
      const ends: (() => void)[] = []
      const requests = Array.from({ length: 5 }, (_, index) => {
        const body = new ReadableStream<Uint8Array>({
          start(controller) {
            controller.enqueue(new TextEncoder().encode(cars))
            ends.push(() => controller.close())
          },
        })
        const init = { method: 'PUT', body, duplex: 'half', headers: csv } as RequestInit
        const request = new Request(`http://platform/v1/ingest/n.t${index}`, init)
        return Promise.resolve(fetch(request))
      })
      const [first, second, ...refused] = requests
      for (const response of await Promise.all(refused)) {
        expect(response.status).toBe(503)
        expect(response.headers.get('retry-after')).toBe('1')
      }
      const [own = ''] = await readdir(join(root, 'tmp'))
      const loads = await readdir(join(root, 'tmp', own))
      expect(loads.filter((name) => /^ingest-(?!spill)/.test(name)).length).toBeLessThanOrEqual(2)
      for (const end of ends) end()
      expect((await Promise.all([first, second])).map((reply) => reply?.status)).toEqual([200, 200])
    },
    { limits: { ingestConcurrencyMax: 1, ingestQueueMax: 1 } },
  ),
)

test(
  'loads, rows and bytes are counted once',
  onPlatform(async ({ client, metrics }) => {
    const load = { body: cars, format: 'csv' } as const
    await client.ingest('n.t', load, { idempotencyKey: 'key' })
    await client.ingest('n.t', load, { idempotencyKey: 'key' })
    await client.ingest('n.t', load)
    await expect(client.ingest('n.t', { body: 'a,a\n', format: 'csv' })).rejects.toThrow()
    const { text } = await metrics.render()
    expect(text).toContain('hypermesh_ingest_rows_total 1\n')
    expect(text).toContain(`hypermesh_ingest_bytes_total ${cars.length}\n`)
    for (const result of ['committed', 'replayed', 'already-loaded', 'failed']) {
      expect(text).toContain(`hypermesh_ingest_loads_total{result="${result}"} 1\n`)
    }
  }),
)
