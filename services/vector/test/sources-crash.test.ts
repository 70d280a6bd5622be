import { basename, join } from 'node:path'
import type { Fetch } from '@hypermesh/kit'
import { onFaultPoint } from '@hypermesh/object-store'
import { copyLiving, type Platform, startPlatform, temporaryDirectory } from '@hypermesh/testing'
import { expect, test } from 'vitest'
import { type OpenVectors, openVectors } from './_vectors.ts'

interface Row {
  readonly id: number
  readonly vec: readonly number[]
}
interface Point {
  readonly id: number
  readonly vector: readonly number[]
}
interface Source {
  readonly state: string
  readonly snapshotId: number | string | null
  readonly partialSnapshotId?: number | string
}

/** The tables of a platform, for a vector service of its own beside it. */
function tablesOf(platform: Platform): Fetch {
  return async (request) => {
    const { pathname, search } = new URL(request.url)
    const { method, headers, signal } = request
    const body = method === 'GET' ? null : await request.text()
    const init = { method, headers, body, signal, key: platform.keys.reader }
    return platform.fetch(`${pathname}${search}`, init)
  }
}

async function pointsOf(vectors: OpenVectors): Promise<Row[]> {
  const found: Row[] = []
  for (let after: string | null | undefined; after !== null; ) {
    const page = { limit: 1000, withVector: true, ...(after === undefined ? {} : { after }) }
    const reply = await vectors.call<{ points: Point[]; next: string | null }>(
      ...(['POST', '/i/scroll', page] as const),
    )
    found.push(...reply.points.map(({ id, vector }) => ({ id, vec: vector })))
    after = reply.next
  }
  return found.sort((one, other) => one.id - other.id)
}

test('killed at any step of following, an index goes on to just the rows of its table', {
  timeout: 300_000,
}, async () => {
  await using platform = await startPlatform()
  await using copies = await temporaryDirectory()
  const upstreams = { catalog: tablesOf(platform), query: tablesOf(platform) }
  const load = async (rows: readonly Row[], mode: 'append' | 'overwrite') => {
    const body = rows.map((row) => JSON.stringify(row)).join('\n')
    const { writer } = platform.clients
    return (await writer.ingest('main.t', { body, format: 'ndjson', mode })).snapshotId
  }
  const rowsFrom = (first: number, count: number, x: number): Row[] =>
    Array.from({ length: count }, (_, at) => ({ id: first + at, vec: [x, first + at] }))

  // Several parts each: a part has a thousand rows.
  const states = new Map<unknown, readonly Row[]>([[null, []]])
  const taken: string[] = []
  await using vectors = await openVectors({ upstreams })
  const sync = async () => {
    onFaultPoint((point, name) => {
      const copy = join(copies.path, `${taken.length}-${point}-${name.replace(':', '-')}`)
      const isNoClaim = (path: string) => basename(path) !== 'claims'
      copyLiving(join(vectors.directory, 'vectors'), join(copy, 'vectors'), isNoClaim)
      taken.push(copy)
    })
    try {
      await vectors.call('POST', '/i/source/sync')
    } finally {
      onFaultPoint(undefined)
    }
  }
  const first = rowsFrom(0, 2500, 0.5)
  states.set(await load(first, 'append'), first)
  await vectors.call('PUT', '/i', { dimension: 2, metric: 'l2' })
  const source = { table: 'main.t', key: 'id', vector: 'vec', mode: 'manual' }
  await vectors.call('PUT', '/i/source', source)
  await sync()
  const more = rowsFrom(2500, 1500, 0.5)
  states.set(await load(more, 'append'), [...first, ...more])
  await sync()
  // Some are removed, some changed, some new, the rest is as it was.
  const last = [
    ...rowsFrom(500, 1000, 0.5),
    ...rowsFrom(1500, 1200, 0.25),
    ...rowsFrom(9000, 10, 1),
  ]
  states.set(await load(last, 'overwrite'), last)
  await sync()
  expect(await pointsOf(vectors)).toEqual(last)
  expect(taken.length).toBeGreaterThan(40)

  let partial = 0
  for (const copy of taken) {
    await using again = await openVectors({ upstreams, directory: copy })
    const before = await again.call<Source>('GET', '/i/source')
    // Unless it says that it is half-way, it has the very rows of the snapshot that it names.
    if (before.partialSnapshotId !== undefined) partial += 1
    else expect(await pointsOf(again), copy).toEqual(states.get(before.snapshotId))
    await again.call('POST', '/i/source/sync')
    expect(await again.call<Source>('GET', '/i/source')).toMatchObject({ state: 'current' })
    expect(await pointsOf(again), copy).toEqual(last)
  }
  expect(partial).toBeGreaterThan(0)
})
