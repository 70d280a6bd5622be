import { appendFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { onFaultPoint } from '@hypermesh/object-store'
import { expect, test } from 'vitest'
import { dropImage, imagesDuring } from './_images.ts'
import { type OpenVectors, openVectors, randomVector, seeded } from './_vectors.ts'

interface Hits {
  readonly hits: { id: number; distance: number }[]
}

const dimension = 8
const random = seeded(11)
const vectorOf = new Map<number, number[]>()
function fresh(id: number): { id: number; vector: number[]; metadata: { id: number } } {
  const vector = randomVector(random, dimension)
  vectorOf.set(id, vector)
  return { id, vector, metadata: { id } }
}

/** What is told to whoever writes: what must be there from then on, and what must not. */
interface Told {
  readonly present: ReadonlyMap<number, readonly number[]>
  readonly gone: ReadonlySet<number>
  /** Asked for and not answered: there or not. */
  readonly open: ReadonlySet<number>
}

class Ledger {
  readonly #present = new Map<number, readonly number[]>()
  readonly #gone = new Set<number>()
  readonly #open = new Set<number>()
  readonly #vectors: OpenVectors

  constructor(vectors: OpenVectors) {
    this.#vectors = vectors
  }

  async write(ids: readonly number[]): Promise<void> {
    const points = ids.map(fresh)
    for (const { id } of points) {
      this.#open.add(id)
      this.#present.delete(id)
      this.#gone.delete(id)
    }
    await this.#vectors.call('POST', '/x/points', { points })
    for (const { id, vector } of points) {
      this.#open.delete(id)
      this.#present.set(id, vector)
    }
  }

  async remove(ids: readonly number[]): Promise<void> {
    for (const id of ids) {
      this.#open.add(id)
      this.#present.delete(id)
    }
    await this.#vectors.call('POST', '/x/points/delete', { ids })
    for (const id of ids) {
      this.#open.delete(id)
      this.#gone.add(id)
    }
  }

  told(): Told {
    return {
      present: new Map(this.#present),
      gone: new Set(this.#gone),
      open: new Set(this.#open),
    }
  }
}

async function check(directory: string, { present, gone, open }: Told): Promise<void> {
  await using again = await openVectors({ directory })
  const { indexes } = await again.call<{ indexes: { index: string; state: string }[] }>('GET', '')
  // Before the file is there, nothing was acknowledged.
  if (indexes.length === 0) {
    expect(present.size).toBe(0)
    return
  }
  expect(indexes).toMatchObject([{ index: 'x', state: 'ready' }])
  const { count } = await again.call<{ count: number }>('POST', '/x/count', {})
  expect(count).toBeGreaterThanOrEqual(present.size)
  expect(count).toBeLessThanOrEqual(present.size + open.size)
  for (const [id, vector] of present) {
    const search = { vector, k: count, ef: 1000 }
    const { hits } = await again.call<Hits>('POST', '/x/search', search)
    expect(hits[0]?.id).toBe(id)
    expect(hits[0]?.distance).toBeLessThan(1e-3)
    // Everything once.
    expect(new Set(hits.map((hit) => hit.id)).size).toBe(hits.length)
    expect(hits).toHaveLength(count)
    expect(await again.call('GET', `/x/points/${id}`)).toMatchObject({ metadata: { id } })
  }
  for (const id of gone) {
    await expect(again.call('GET', `/x/points/${id}`)).rejects.toMatchObject({ code: 'not_found' })
  }
  // It goes on as if nothing had happened.
  const next = { id: 999, vector: randomVector(random, dimension) }
  await again.call('POST', '/x/points', { points: [next] })
  expect(await again.call('POST', '/x/count', {})).toEqual({ count: count + 1 })
  // File, claims, and one log, or two where the file that follows the first is not there yet.
  expect((await readdir(join(directory, 'vectors'))).length).toBeLessThanOrEqual(4)
}

test('killed at any step of creation, writes, checkpoint, compaction or delete, nothing acknowledged is lost or there twice', async () => {
  await using vectors = await openVectors()
  const ledger = new Ledger(vectors)
  const images = await imagesDuring(
    vectors.directory,
    async () => {
      await vectors.call('PUT', '/x', { dimension })
      await ledger.write([1, 2, 3])
      await Promise.all([ledger.write([4]), ledger.write([5, 6]), ledger.write([7])])
      await ledger.write([1, 8])
      await ledger.remove([2, 5])
      // Rebuilds the graph, then writes the file anew behind a new log.
      await vectors.call('POST', '/x/compact')
      await ledger.write([2, 9])
      await ledger.remove([9])
      await vectors.call('POST', '/x/compact')
      await ledger.write([3])
    },
    () => ledger.told(),
  )
  const names = new Set(images.map(({ name }) => name))
  for (const name of ['log-write:before', 'log-sync:after', 'rename:after', 'unlink:after']) {
    expect(names).toContain(name)
  }
  expect(images.length).toBeGreaterThan(60)
  for (const image of images) {
    // What was told is of the ledger above.
    await check(image.directory, image.known as Told).catch((cause: unknown) => {
      throw new Error(`killed at point ${image.point}, ${image.name}`, { cause })
    })
    dropImage(image)
  }
}, 240_000)

test('killed at any step while writes go on beside a compaction and its checkpoint, nothing acknowledged is lost', async () => {
  await using vectors = await openVectors()
  const ledger = new Ledger(vectors)
  await vectors.call('PUT', '/x', { dimension })
  await ledger.write(Array.from({ length: 40 }, (_, id) => id))
  await ledger.remove([1, 3, 5, 7])
  const images = await imagesDuring(
    vectors.directory,
    async () => {
      const compacting = vectors.call('POST', '/x/compact')
      let isDone = false
      void compacting.finally(() => {
        isDone = true
      })
      for (let id = 50; !isDone; id += 1) {
        await ledger.write([id, 2])
        await ledger.remove([id - 1])
      }
      await compacting
    },
    () => ledger.told(),
  )
  const steps = images.map(({ name }) => name)
  // Between the first byte of the file and its name there are writes.
  expect(steps.lastIndexOf('log-sync:after')).toBeGreaterThan(steps.indexOf('write:after'))
  for (const [place, image] of images.entries()) {
    // Writes are many and much the same: of their steps each fifth, of the others all.
    if (!image.name.startsWith('log-') || place % 5 === 0) {
      // What was told is of the ledger above.
      await check(image.directory, image.known as Told).catch((cause: unknown) => {
        throw new Error(`killed at point ${image.point}, ${image.name}`, { cause })
      })
    }
    dropImage(image)
  }
}, 240_000)

test('killed at any step of a delete or a restore, the index is what it was or what it is to be', async () => {
  await using vectors = await openVectors()
  await vectors.call('PUT', '/x', { dimension })
  await vectors.call('POST', '/x/points', { points: [fresh(1)] })
  await vectors.call('POST', '/x/snapshots', { snapshot: 's' })
  await vectors.call('POST', '/x/points', { points: [fresh(2)] })
  const images = await imagesDuring(
    vectors.directory,
    async () => {
      await vectors.call('POST', '/x/restore', { snapshot: 's' })
      await vectors.call('DELETE', '/x')
    },
    () => undefined,
  )
  const seen = new Set<number>()
  for (const image of images) {
    const again = await openVectors({ directory: image.directory })
    const { indexes } = await again.call<{ indexes: { state: string; points: number }[] }>(
      'GET',
      '',
    )
    seen.add(indexes[0]?.points ?? 0)
    expect([image.name, ...indexes.map(({ state }) => state)]).toEqual(
      indexes.length === 0 ? [image.name] : [image.name, 'ready'],
    )
    // The same name can be made anew, and what lay there does not come back.
    if (indexes.length === 0) {
      await again.call('PUT', '/x', { dimension })
      expect(await again.call('POST', '/x/count', {})).toEqual({ count: 0 })
    }
    expect(await again.call('POST', '/x/restore', { snapshot: 's' })).toMatchObject({ points: 1 })
    await again[Symbol.asyncDispose]()
    dropImage(image)
  }
  expect([...seen].toSorted()).toEqual([0, 1, 2])
}, 120_000)

test('after a failed sync an index takes no writes, serves reads, and is whole after a restart', async () => {
  const vectors = await openVectors()
  const { directory } = vectors
  try {
    await vectors.call('PUT', '/x', { dimension })
    await vectors.call('PUT', '/other', { dimension })
    await vectors.call('POST', '/x/points', { points: [fresh(1)] })
    onFaultPoint((_, name) => {
      if (name === 'log-sync:before') throw Object.assign(new Error('broken'), { code: 'EIO' })
    })
    const failing = { points: [fresh(2)] }
    const refused = { code: 'unavailable', effect: 'unknown' }
    await expect(vectors.call('POST', '/x/points', failing)).rejects.toMatchObject(refused)
    onFaultPoint(undefined)
    await expect(vectors.call('POST', '/x/points', failing)).rejects.toMatchObject(refused)
    expect(await vectors.call('GET', '/x')).toMatchObject({ state: 'failed', points: 1 })
    const { hits } = await vectors.call<Hits>('POST', '/x/search', { vector: vectorOf.get(1) })
    expect(hits.map(({ id }) => id)).toEqual([1])
    await vectors.call('POST', '/other/points', { points: [fresh(3)] })
    await vectors.service[Symbol.asyncDispose]()
    const again = await openVectors({ directory })
    const { points } = await again.call<{ points: number }>('GET', '/x')
    expect([1, 2]).toContain(points)
    await again.call('POST', '/x/points', { points: [fresh(4)] })
    await again[Symbol.asyncDispose]()
  } finally {
    onFaultPoint(undefined)
    await vectors[Symbol.asyncDispose]()
  }
})

test('a checkpoint that fails leaves an index that takes writes and is whole after a restart', async () => {
  const vectors = await openVectors()
  const { directory } = vectors
  try {
    await vectors.call('PUT', '/x', { dimension })
    await vectors.call('POST', '/x/points', { points: [1, 2, 3].map(fresh) })
    await vectors.call('POST', '/x/points/delete', { ids: [2] })
    let renames = 0
    onFaultPoint((_, name) => {
      if (name !== 'rename:before') return
      // The log that is to follow is the first; the file, the second, fails.
      renames += 1
      if (renames > 1) throw Object.assign(new Error('full'), { code: 'ENOSPC' })
    })
    await vectors.call('POST', '/x/compact').catch(() => undefined)
    onFaultPoint(undefined)
    await vectors.call('POST', '/x/points', { points: [fresh(5)] })
    expect(await vectors.call('POST', '/x/count', {})).toEqual({ count: 3 })
    const images = await imagesDuring(
      directory,
      async () => {
        await vectors.call('POST', '/x/points', { points: [fresh(6)] })
      },
      () => undefined,
    )
    for (const image of images) {
      const again = await openVectors({ directory: image.directory })
      const { points } = await again.call<{ points: number }>('GET', '/x')
      expect([3, 4]).toContain(points)
      await again[Symbol.asyncDispose]()
      dropImage(image)
    }
  } finally {
    onFaultPoint(undefined)
    await vectors[Symbol.asyncDispose]()
  }
})

test('a restore that fails leaves the index as it was, now and after a restart', async () => {
  await using vectors = await openVectors()
  const { directory } = vectors
  await vectors.call('PUT', '/x', { dimension })
  await vectors.call('POST', '/x/points', { points: [fresh(1)] })
  await vectors.call('POST', '/x/snapshots', { snapshot: 's' })
  await vectors.call('POST', '/x/points', { points: [fresh(2)] })
  try {
    let renames = 0
    onFaultPoint((_, name) => {
      if (name !== 'rename:before') return
      renames += 1
      // The log of what is restored is the first; its file, the second, fails.
      if (renames === 2) throw Object.assign(new Error('full'), { code: 'ENOSPC' })
    })
    const restore = vectors.call('POST', '/x/restore', { snapshot: 's' })
    await expect(restore).rejects.toMatchObject({ code: 'storage_full' })
    expect(renames).toBe(2)
  } finally {
    onFaultPoint(undefined)
  }
  expect(await vectors.call('GET', '/x')).toMatchObject({ state: 'ready', points: 2 })
  await vectors.call('POST', '/x/points', { points: [fresh(3)] })
  const write = () => vectors.call<void>('POST', '/x/points', { points: [fresh(4)] })
  for (const image of await imagesDuring(directory, write, () => undefined)) {
    const again = await openVectors({ directory: image.directory })
    const { state, points } = await again.call<{ state: string; points: number }>('GET', '/x')
    expect(state).toBe('ready')
    expect([3, 4]).toContain(points)
    await again[Symbol.asyncDispose]()
    dropImage(image)
  }
})

test('a log that was made and not taken into use, or is torn and followed, loses nothing', async () => {
  await using vectors = await openVectors()
  const { directory } = vectors
  await vectors.call('PUT', '/x', { dimension })
  await vectors.call('POST', '/x/points', { points: [1, 2].map(fresh) })
  await vectors.call('POST', '/x/points/delete', { ids: [2] })
  try {
    let isNamed = false
    onFaultPoint((_, name) => {
      if (name === 'rename:after') isNamed = true
      // The log that is to follow has its name, and nobody learns whether that is durable.
      if (isNamed) throw Object.assign(new Error('broken'), { code: 'EIO' })
    })
    await expect(vectors.call('POST', '/x/compact')).rejects.toThrow()
  } finally {
    onFaultPoint(undefined)
  }
  const place = join(directory, 'vectors')
  expect((await readdir(place)).filter((name) => name.endsWith('.wal'))).toHaveLength(2)
  const write = () => vectors.call<void>('POST', '/x/points', { points: [fresh(3)] })
  const [first, ...images] = await imagesDuring(directory, write, () => undefined)
  // Before it was written to, the new log goes on from the old one, whose mark may be lost.
  await appendFile(join(first?.directory ?? '', 'vectors', 'x.1.wal'), 'torn')
  const found = new Set<number>()
  for (const image of first === undefined ? [] : [first, ...images]) {
    const again = await openVectors({ directory: image.directory })
    const { state, points } = await again.call<{ state: string; points: number }>('GET', '/x')
    expect([image.name, state]).toEqual([image.name, 'ready'])
    found.add(points)
    await again.call('POST', '/x/points', { points: [fresh(4)] })
    await again[Symbol.asyncDispose]()
    dropImage(image)
  }
  expect([...found].toSorted()).toEqual([1, 2])
})

test('an index directory has one process at a time, and the next takes over', async () => {
  const first = await openVectors()
  await first.call('PUT', '/x', { dimension })
  const second = await openVectors({ directory: first.directory })
  await expect(second.call('GET', '')).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining(`process ${process.pid}`),
  })
  await expect(second.call('PUT', '/y', { dimension })).rejects.toMatchObject({
    code: 'unavailable',
  })
  await first.service[Symbol.asyncDispose]()
  expect(await second.call('GET', '')).toMatchObject({ indexes: [{ index: 'x' }] })
  await expect(first.call('GET', '')).rejects.toMatchObject({ code: 'unavailable' })
  await second[Symbol.asyncDispose]()
  await first[Symbol.asyncDispose]()
})
