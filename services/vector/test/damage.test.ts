import { copyFile, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readEnvironment } from '@hypermesh/kit'
import { expect, test } from 'vitest'
import { loadFlipped, pointsIn } from './_flipped-files.ts'
import { type OpenVectors, openVectors, randomVector, seeded } from './_vectors.ts'

// SEED repeats a run.
const seed = Number(readEnvironment().SEED ?? Date.now() % 1_000_000)
/** A million by command, see `_flip-many.ts`. */
const flips = 10_000
const dimension = 64

async function filled(vectors: OpenVectors, name: string, count: number): Promise<void> {
  const random = seeded(5)
  await vectors.call('PUT', `/${name}`, { dimension })
  const points = Array.from({ length: count }, (_, id) => ({
    id: id % 2 === 0 ? id : `text ${id}`,
    vector: randomVector(random, dimension),
    ...(id % 3 === 0 ? {} : { metadata: { id, kind: 'xyz'[id % 3] } }),
  }))
  await vectors.call('POST', `/${name}/points`, { points })
  await vectors.call('POST', `/${name}/points/delete`, { ids: [0, 'text 1'] })
}

test(`a file with one flipped bit, in ${flips} loads, is refused by name (seed ${seed})`, async () => {
  await using vectors = await openVectors()
  await filled(vectors, 'x', 500)
  await vectors.call('POST', '/x/snapshots', { snapshot: 's' })
  const path = join(vectors.directory, 'vectors', 'snapshots', 'x', 's.hmv')
  const bytes = await readFile(path)
  expect(bytes.length).toBeLessThan(256 * 1024)
  expect(await pointsIn(bytes)).toBe(498)
  await loadFlipped(bytes, { flips, seed })
  const random = seeded(seed)
  for (let cut = 0; cut < 500; cut += 1) {
    const shorter = bytes.subarray(0, Math.floor(random() * bytes.length))
    await expect(pointsIn(shorter)).rejects.toMatchObject({ code: 'damaged' })
  }
  const longer = Buffer.concat([bytes, bytes.subarray(0, 1)])
  await expect(pointsIn(longer)).rejects.toMatchObject({ code: 'damaged' })
}, 300_000)

test('files of format 1 are read for ever', async () => {
  const fixtures = new URL('./fixtures/', import.meta.url)
  const bytes = await readFile(new URL('index-1.hmv', fixtures))
  expect(await pointsIn(bytes)).toBe(198)
  await using own = await openVectors()
  await own.service[Symbol.asyncDispose]()
  const place = join(own.directory, 'vectors')
  for (const name of ['old.hmv', 'old.1.wal']) {
    await copyFile(new URL(name, fixtures), join(place, name))
  }
  await using again = await openVectors({ directory: own.directory })
  expect(await again.call('GET', '/old/stats')).toMatchObject({ points: 4, sequence: 3 })
  expect(await again.call('GET', '/old/points/two?withVector=true')).toEqual({
    id: 'two',
    vector: [0, 1, 0],
    metadata: { colour: 'blue', n: 2 },
  })
  const search = { vector: [0, 0, 1], k: 1, filter: { n: { gte: 3 } } }
  expect(await again.call('POST', '/old/search', search)).toMatchObject({ hits: [{ id: 4 }] })
})

test(`flipped bits of a log are noticed, or lose nothing that was acknowledged (seed ${seed})`, async () => {
  const vectors = await openVectors()
  const { directory } = vectors
  const ids = Array.from({ length: 12 }, (_, id) => id)
  const random = seeded(seed + 1)
  await vectors.call('PUT', '/x', { dimension: 4 })
  for (const id of ids) {
    await vectors.call('POST', '/x/points', { points: [{ id, vector: randomVector(random, 4) }] })
  }
  const log = join(directory, 'vectors', 'x.1.wal')
  const sound = await readFile(log)
  const file = await readFile(join(directory, 'vectors', 'x.hmv'))
  await vectors[Symbol.asyncDispose]()
  const outcomes = { damaged: 0, whole: 0 }
  const own = await openVectors()
  await own.service[Symbol.asyncDispose]()
  const place = join(own.directory, 'vectors')
  for (let flip = 0; flip < 150; flip += 1) {
    const bytes = Buffer.from(sound)
    const at = Math.floor(random() * bytes.length)
    bytes[at] = (bytes[at] as number) ^ (1 << Math.floor(random() * 8))
    for (const name of await readdir(place)) {
      if (name.endsWith('.wal')) await rm(join(place, name))
    }
    await writeFile(join(place, 'x.hmv'), file)
    await writeFile(join(place, 'x.1.wal'), bytes)
    await using again = await openVectors({ directory: own.directory })
    const { indexes } = await again.call<{ indexes: { state: string; points?: number }[] }>(
      'GET',
      '',
    )
    const [index] = indexes
    if (index?.state === 'damaged') outcomes.damaged += 1
    else {
      expect([at, index?.points]).toEqual([at, ids.length])
      outcomes.whole += 1
    }
  }
  // Only the mark at the very end says nothing that counts.
  expect(outcomes.damaged).toBeGreaterThan(outcomes.whole * 10)
  await own[Symbol.asyncDispose]()
}, 600_000)

test('one damaged index is named, does not keep others from being served, and can be restored', async () => {
  const vectors = await openVectors()
  const { directory } = vectors
  await filled(vectors, 'good', 20)
  await filled(vectors, 'bad', 20)
  await vectors.call('POST', '/bad/snapshots', { snapshot: 's' })
  await vectors.service[Symbol.asyncDispose]()
  const path = join(directory, 'vectors', 'bad.hmv')
  const bytes = await readFile(path)
  bytes[bytes.length - 20] = (bytes[bytes.length - 20] as number) ^ 4
  await writeFile(path, bytes)
  {
    await using again = await openVectors({ directory })
    expect(await again.call('GET', '')).toMatchObject({
      indexes: [
        { index: 'bad', state: 'damaged', problem: expect.stringContaining('section graph') },
        { index: 'good', state: 'ready', points: 18 },
      ],
    })
    for (const [method, what, body] of [
      ['POST', '/bad/search', { vector: [1] }],
      ['POST', '/bad/points', { points: [] }],
      ['GET', '/bad/stats', undefined],
    ] as const) {
      await expect(again.call(method, what, body)).rejects.toMatchObject({
        code: 'damaged',
        message: expect.stringContaining('bad'),
      })
    }
    expect(await again.call('POST', '/bad/restore', { snapshot: 's' })).toMatchObject({
      points: 18,
    })
    expect(await again.call('GET', '/bad')).toMatchObject({ state: 'ready' })
  }
  {
    await using last = await openVectors({ directory })
    expect(await last.call('POST', '/bad/count', {})).toEqual({ count: 18 })
  }
  await vectors[Symbol.asyncDispose]()
})

test('a log that is missing or that belongs to another index is damage', async () => {
  for (const harm of ['missing', 'foreign', 'headless'] as const) {
    const vectors = await openVectors()
    await filled(vectors, 'x', 5)
    await filled(vectors, 'y', 5)
    const place = join(vectors.directory, 'vectors')
    // As a kill leaves it: with all in the log.
    const { directory } = vectors
    const files = (await readdir(place)).filter((name) => /\.(wal|hmv)$/.test(name))
    const kept = new Map<string, Buffer>()
    for (const name of files) kept.set(name, await readFile(join(place, name)))
    await vectors.service[Symbol.asyncDispose]()
    for (const name of await readdir(place)) {
      if (/\.(wal|hmv)$/.test(name)) await rm(join(place, name))
    }
    for (const [name, content] of kept) await writeFile(join(place, name), content)
    if (harm === 'missing') await rm(join(place, 'x.1.wal'))
    if (harm === 'foreign') await copyFile(join(place, 'y.1.wal'), join(place, 'x.1.wal'))
    if (harm === 'headless') await truncate(join(place, 'x.1.wal'), 10)
    const again = await openVectors({ directory })
    expect(await again.call('GET', '')).toMatchObject({
      indexes: [
        { index: 'x', state: 'damaged' },
        { index: 'y', state: 'ready', points: 3 },
      ],
    })
    await again[Symbol.asyncDispose]()
    await vectors[Symbol.asyncDispose]()
  }
})
