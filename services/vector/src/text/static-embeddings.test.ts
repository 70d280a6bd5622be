import { readFile } from 'node:fs/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { StaticEmbeddings } from './static-embeddings.ts'
import { parseWordVectors, readWordVectors } from './word-vectors.ts'

const file = new URL('../../word-vectors/static-en.bin', import.meta.url)
let provider: StaticEmbeddings

beforeAll(async () => {
  provider = new StaticEmbeddings(await readWordVectors(file))
})

async function rowsOf(texts: readonly string[]): Promise<Float32Array[]> {
  const rows = await provider.embed(texts)
  const { dimension } = provider
  return texts.map((_, index) => rows.subarray(index * dimension, (index + 1) * dimension))
}

function cosine(a: Float32Array | undefined, b: Float32Array | undefined): number {
  let sum = 0
  for (const [at, number] of (a ?? new Float32Array()).entries()) sum += number * (b?.[at] ?? 0)
  return sum
}

/** For each of the first texts, the places of the second ones, nearest first. */
async function rank(texts: readonly string[], others: readonly string[]): Promise<number[][]> {
  const rows = await rowsOf(others)
  return (await rowsOf(texts)).map((row) =>
    rows
      .map((other, place) => ({ place, score: cosine(row, other) }))
      .sort((a, b) => b.score - a.score)
      .map(({ place }) => place),
  )
}

const paraphrases: readonly (readonly [string, string])[] = [
  ['The physician cured the sick child', 'A doctor healed the ill kid'],
  ['He purchased an automobile', 'She bought a new car'],
  ['A large dog barked at the stranger', 'The big hound growled at an unknown man'],
  ['The judge sentenced the thief to prison', 'A court jailed the robber'],
  ['Heavy rain flooded the streets', 'The storm left roads under water'],
  ['The chef cooked a delicious meal', 'Tasty food was prepared in the kitchen'],
  ['Students study for their examination', 'Pupils are learning before the test'],
  ['The airplane landed at the airport', 'A jet touched down on the runway'],
  ['The company dismissed many workers', 'The firm fired its employees'],
  ['She sang a beautiful song', 'The vocalist performed a lovely melody'],
  ['The soldiers attacked the fortress', 'Troops stormed the castle'],
  ['An astronomer observed distant stars', 'A scientist looked at galaxies through a telescope'],
  ['He repaired the broken engine', 'The mechanic fixed the motor'],
  ['The ship sank in the ocean', 'A boat went down at sea'],
  ['The bank lent money to the farmer', 'The agricultural worker took out a loan'],
  ['Bees make honey from flowers', 'Insects gather nectar from blossoms'],
]

describe('the file in the repository', () => {
  test('is small enough to ship, and names its model', async () => {
    expect((await readFile(file)).length).toBeLessThan(4_000_000)
    expect(provider.model).toMatch(/^static-en-100-[0-9a-f]{8}$/)
    expect(provider.dimension).toBe(100)
  })

  test('puts the other form of a sentence among the first three, mostly first', async () => {
    const orders = await rank(
      paraphrases.map(([text]) => text),
      paraphrases.map(([, text]) => text),
    )
    const firsts = orders.filter(([first], index) => first === index).length
    const inTopThree = orders.filter((order, index) => order.slice(0, 3).includes(index)).length
    expect(firsts).toBeGreaterThanOrEqual(11)
    expect(inTopThree).toBeGreaterThanOrEqual(15)
  })

  test('tells pairs from what is none', async () => {
    const left = await rowsOf(paraphrases.map(([text]) => text))
    const right = await rowsOf(paraphrases.map(([, text]) => text))
    const mean = (numbers: readonly number[]) =>
      numbers.reduce((sum, number) => sum + number, 0) / numbers.length
    const pairs = mean(left.map((row, index) => cosine(row, right[index])))
    const others = mean(
      left.flatMap((row, index) =>
        right.filter((_, place) => place !== index).map((other) => cosine(row, other)),
      ),
    )
    expect(pairs).toBeGreaterThan(0.4)
    expect(others).toBeLessThan(0.2)
  })
})

test('a row has unit length, and the same text always the same', async () => {
  const texts = ['a small red house', 'zyxqv', 'a small red house', 'overheats', 'x'.repeat(5000)]
  const rows = await rowsOf(texts)
  for (const row of rows) expect(cosine(row, row)).toBeCloseTo(1, 5)
  expect(rows[2]).toEqual(rows[0])
})

test('a word that is not known is near to itself and its misspellings, and to nothing else', async () => {
  const texts = ['our kubernetez setup', 'kubernetez', 'kubernetes', 'a herd of cows']
  const [query, ...rows] = await rowsOf(texts)
  const [same = 0, misspelt = 0, other = 0] = rows.map((row) => cosine(query, row))
  expect(same).toBeGreaterThan(0.5)
  expect(misspelt).toBeGreaterThan(0.3)
  expect(misspelt).toBeLessThan(same)
  expect(other).toBeLessThan(misspelt - 0.2)
})

test('an inflected form that is not known counts as its plain one', async () => {
  const { indexes } = await readWordVectors(file)
  expect([indexes.has('wheelbarrow'), indexes.has('wheelbarrows')]).toEqual([true, false])
  const [inflected, plain] = await rowsOf(['wheelbarrows', 'a wheelbarrow'])
  expect(cosine(inflected, plain)).toBeGreaterThan(0.9)
})

test('a text without a word is refused by its number', async () => {
  await expect(provider.embed(['fine', '?!'])).rejects.toMatchObject({
    code: 'invalid',
    message: 'text 2 of 2 has no word',
    details: { text: 1 },
  })
  expect(await provider.embed([])).toHaveLength(0)
})

describe('damage', () => {
  test('of any byte is found', async () => {
    const whole = await readFile(file)
    const places = [0, 7, 9, 13, 20, 400, 5000, 200_000, whole.length >> 1, whole.length - 1]
    for (const place of places) {
      const damaged = Uint8Array.from(whole)
      damaged[place] = (damaged[place] ?? 0) ^ 0x10
      await expect(parseWordVectors(damaged), `byte ${place}`).rejects.toMatchObject({
        code: 'corrupt',
      })
    }
  })

  test('by an end that is missing or too much is found', async () => {
    const whole = await readFile(file)
    const parts = [0, 4, 15, 100, whole.length - 1].map((length) => whole.subarray(0, length))
    for (const part of [...parts, Buffer.concat([whole, Buffer.of(0)])]) {
      await expect(parseWordVectors(part)).rejects.toMatchObject({ code: 'corrupt' })
    }
  })
})
