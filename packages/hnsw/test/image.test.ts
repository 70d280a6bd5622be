import { randomInt } from 'node:crypto'
import { env } from 'node:process'
import { expect, test } from 'vitest'
import { HnswError, HnswIndex } from '../src/index.ts'
import { clustered, randomOf } from './_clusters.ts'
import { readImage, saved } from './_saved.ts'

// SEED repeats a run; FLIPS makes it longer.
const { SEED = randomInt(1, 2 ** 31), FLIPS = 3000 } = env
const seed = Number(SEED)
const flips = Number(FLIPS)
const data = clustered({ count: 400, queries: 3, dimension: 12, clusters: 5, seed: 3 })

async function imageOf(storage: 'f32' | 'f16' | 'i8'): Promise<Uint8Array> {
  using index = HnswIndex.create({ dimension: 12, metric: 'l2', storage, m: 6 })
  await index.add(data.vectors, { threads: 1 })
  index.remove([5, 6, 300])
  return await saved(index)
}

/** Whether it loads; when it does, it has to answer in full and save. */
async function survives(image: Uint8Array): Promise<boolean> {
  let index: HnswIndex
  try {
    index = await HnswIndex.load(image)
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(HnswError)
    expect(['corrupt', 'unsupported']).toContain((thrown as HnswError).code)
    return false
  }
  const { dimension } = index.options
  const alive = index.slots - index.dead
  const query = new Float32Array(dimension).fill(0.5)
  expect(index.searchSync(query, { k: 500, ef: 500 })?.counts[0]).toBe(Math.min(500, alive))
  expect(index.searchSync(query, { k: 1, ef: 4 })?.counts[0]).toBe(Math.min(1, alive))
  await index.add(query)
  index.close()
  return true
}

test('an image cut into pieces of any size is the same index', async () => {
  const image = await imageOf('f16')
  for (const piece of [1, 7, 64, 1000, image.length]) {
    const pieces: Uint8Array[] = [new Uint8Array(0)]
    for (let at = 0; at < image.length; at += piece) pieces.push(image.subarray(at, at + piece))
    using index = await HnswIndex.load(pieces)
    expect([index.slots, index.dead]).toEqual([400, 3])
    expect(Buffer.compare(await saved(index), image)).toBe(0)
  }
})

test.each([1, 2])(
  'an image is of the instant at which it was begun, whatever %i threads add while it is read',
  async (threads) => {
    const { vectors } = clustered({ count: 9000, queries: 1, dimension: 32, clusters: 9, seed: 4 })
    const part = (from: number, to: number) => vectors.subarray(from * 32, to * 32)
    using index = HnswIndex.create({ dimension: 32, metric: 'l2', storage: 'f32' })
    await index.add(part(0, 6000), { threads })
    const atFirst = await saved(index)
    const first = await index.save()
    expect(first.bytes).toBe(atFirst.length)
    await index.add(part(6000, 7000), { threads })
    index.remove(Uint32Array.from({ length: 500 }, (_, at) => at * 3))
    const inBetween = await saved(index)
    const second = await index.save()
    const pieces: Uint8Array[] = []
    let added = 7000
    for await (const piece of first.pieces()) {
      pieces.push(piece)
      await index.add(part(added, added + 500), { threads })
      index.remove([added])
      added += 500
    }
    expect(pieces.length).toBeGreaterThan(1)
    expect(Buffer.compare(Buffer.concat(pieces), atFirst)).toBe(0)
    expect(Buffer.compare(await readImage(second), inBetween)).toBe(0)
    using again = await HnswIndex.load(atFirst)
    expect([again.slots, again.dead]).toEqual([6000, 0])
  },
)

test('an image that is closed, or whose index is, gives nothing more', async () => {
  using index = HnswIndex.create({ dimension: 12, metric: 'l2', storage: 'f32' })
  await index.add(data.vectors)
  const image = await index.save()
  image.close()
  image.close()
  await expect(readImage(image)).rejects.toMatchObject({ code: 'closed' })
  const other = await index.save()
  index.close()
  await expect(readImage(other)).rejects.toMatchObject({ code: 'closed' })
})

test.each(['f32', 'f16', 'i8'] as const)(
  `flipped bytes are an error or a sound index (%s, SEED=${seed})`,
  async (storage) => {
    const image = await imageOf(storage)
    const random = randomOf(seed)
    let loaded = 0
    for (let round = 0; round < flips; round++) {
      const damaged = Uint8Array.from(image)
      // Half of them in the first part, where counts and levels are.
      const end = round % 2 === 0 ? damaged.length : 600
      const at = Math.floor(random() * end)
      damaged[at] = (damaged[at] as number) ^ (1 + Math.floor(random() * 255))
      if (await survives(damaged)) loaded++
    }
    // Other values of vectors and other links are a sound index.
    expect({ seed, found: loaded < flips, loaded: loaded > 0 }).toEqual({
      seed,
      found: true,
      loaded: true,
    })
  },
)

test('cut and lengthened images are corrupt', async () => {
  const image = await imageOf('f16')
  for (let length = 0; length < image.length; length += 1 + Math.floor(length / 50)) {
    expect(await survives(image.subarray(0, length)), `${length} bytes`).toBe(false)
  }
  expect(await survives(Buffer.concat([image, Buffer.of(0)]))).toBe(false)
})

test('a header that promises more than there is takes no memory', async () => {
  const image = Buffer.from(await imageOf('f16'))
  image.writeUInt32LE(0x7ffffff0, 28)
  await expect(HnswIndex.load(image)).rejects.toMatchObject({ code: 'corrupt' })
})

test('a later version is unsupported', async () => {
  const image = Buffer.from(await imageOf('f16'))
  image.writeUInt32LE(2, 8)
  await expect(HnswIndex.load(image)).rejects.toMatchObject({ code: 'unsupported' })
})
