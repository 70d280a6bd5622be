import { expect, test } from 'vitest'
import { Bm25Index } from './bm25-index.ts'
import { tokenize } from './tokenizer.ts'

const recipes = [
  'Tomato soup with basil and cream',
  'Grilled salmon with lemon butter',
  'Lemon tart with a butter crust, lemon zest and cream',
  'Basil pesto for pasta',
  'Bread and butter pudding',
]

function indexOf(texts: readonly string[]): Bm25Index {
  const index = new Bm25Index(['text'])
  for (const [slot, text] of texts.entries()) index.add(slot, { text: [text] })
  return index
}

const slotsOf = (hits: readonly { slot: number }[]) => hits.map(({ slot }) => slot)

/** The formula, over whole texts, with nothing kept. */
function scoresByHand(texts: ReadonlyMap<number, string>, query: string): Map<number, number> {
  const documents = [...texts].map(([slot, text]) => [slot, tokenize(text)] as const)
  const mean = documents.reduce((sum, [, words]) => sum + words.length, 0) / documents.length
  const scores = new Map<number, number>()
  for (const word of new Set(tokenize(query))) {
    const holders = documents.filter(([, words]) => words.includes(word)).length
    const idf = Math.log(1 + (documents.length - holders + 0.5) / (holders + 0.5))
    for (const [slot, words] of documents) {
      const count = words.filter((other) => other === word).length
      if (count === 0) continue
      const part = (count * 2.2) / (count + 1.2 * (0.25 + (0.75 * words.length) / mean))
      scores.set(slot, (scores.get(slot) ?? 0) + idf * (0.5 + part))
    }
  }
  return scores
}

test('the text with more of the rarer words stands first', async () => {
  const index = indexOf(recipes)
  expect(slotsOf(await index.search({ text: 'lemon cream', limit: 10 }))).toEqual([2, 1, 0])
  expect(slotsOf(await index.search({ text: 'lemon cream', limit: 1 }))).toEqual([2])
  expect(await index.search({ text: 'anchovy', limit: 10 })).toEqual([])
  expect(await index.search({ text: '?!', limit: 10 })).toEqual([])
})

test('and asks for every word, in whichever field', async () => {
  const index = new Bm25Index(['title', 'body'])
  index.add(0, { title: ['Lemon'], body: ['a fruit'] })
  index.add(1, { title: ['Lemon'], body: ['a tree'], other: ['fruit'] })
  index.add(2, { title: ['Fruit'], body: ['more', 'lemon'] })
  const found = await index.search({ text: 'lemon fruit', limit: 10, operator: 'and' })
  expect(slotsOf(found).sort()).toEqual([0, 2])
  const titles = await index.search({ text: 'fruit', limit: 10, fields: ['title'] })
  expect(slotsOf(titles)).toEqual([2])
})

test('what the filter refuses takes no place, and does not change the scores of others', async () => {
  const index = indexOf(recipes)
  const all = await index.search({ text: 'butter with lemon', limit: 10 })
  const allowed = new Set([1, 4])
  const some = await index.search({ text: 'butter with lemon', limit: 1, allow: allowed })
  expect(some).toEqual([all.find(({ slot }) => slot === 1)])
})

test('equal scores stand in the order that is asked for, also where the limit cuts', async () => {
  const index = indexOf(Array.from({ length: 50 }, () => 'the same words'))
  const forward = await index.search({ text: 'same', limit: 3 })
  expect(slotsOf(forward)).toEqual([0, 1, 2])
  const compareSlots = (a: number, b: number) => b - a
  const backward = await index.search({ text: 'same', limit: 3, compareSlots })
  expect(slotsOf(backward)).toEqual([49, 48, 47])
})

test('prefixes and misspellings are found only where asked for, and behind the word itself', async () => {
  const index = indexOf(['butter', 'buttermilk', 'batter', 'a better butler'])
  const find = async (expansion?: { prefix?: boolean; fuzzy?: 0 | 1 | 2 }) =>
    slotsOf(await index.search({ text: 'butter', limit: 10, expansion }))
  expect(await find()).toEqual([0])
  expect(await find({ prefix: true })).toEqual([0, 1])
  expect((await find({ fuzzy: 1 })).toSorted()).toEqual([0, 2, 3])
  expect((await find({ fuzzy: 1 }))[0]).toBe(0)
  expect((await find({ prefix: true, fuzzy: 2 })).toSorted()).toEqual([0, 1, 2, 3])
})

test('a removed point is gone at once', async () => {
  const index = indexOf(recipes)
  expect(index.remove(2)).toBe(true)
  expect(index.remove(2)).toBe(false)
  index.add(5, { text: ['Onion soup'] })
  index.add(6, {})
  index.add(7, { text: ['…'] })
  expect(index.count).toBe(5)
  expect(slotsOf(await index.search({ text: 'lemon', limit: 10 }))).toEqual([1])
  expect(slotsOf(await index.search({ text: 'onion', limit: 10 }))).toEqual([5])
  expect(await index.search({ text: 'zest', limit: 10 })).toEqual([])
})

test('a search that was stopped ends with the reason', async () => {
  const reason = new Error('enough')
  const signal = AbortSignal.abort(reason)
  await expect(indexOf(recipes).search({ text: 'lemon', limit: 1, signal })).rejects.toBe(reason)
})

test.each([1, 2, 3, 4, 5, 6])('random histories agree with the formula, seed %i', async (seed) => {
  const words = Array.from({ length: 60 }, (_, index) => `w${index}`)
  const random = randomOf(seed)
  const model = new Map<number, string>()
  const index = new Bm25Index(['text'])
  for (let step = 0; step < 6000; step += 1) {
    if (random() < 0.4) {
      const slot = Math.floor(random() * step)
      expect(index.remove(slot)).toBe(model.delete(slot))
    } else {
      const length = 1 + Math.floor(random() * 12)
      const text = Array.from({ length }, () => words[Math.floor(random() ** 2 * 60)]).join(' ')
      model.set(step, text)
      index.add(step, { text: [text] })
    }
    if (step % 1000 !== 999) continue
    const query = `w0 w7 w${Math.floor(random() * 60)} never`
    const expected = scoresByHand(model, query)
    const hits = await index.search({ text: query, limit: 6000 })
    expect(new Set(slotsOf(hits)), `seed ${seed}`).toEqual(new Set(expected.keys()))
    for (const { slot, score } of hits) expect(score).toBeCloseTo(expected.get(slot) ?? -1, 9)
  }
  expect(index.count).toBe(model.size)
})

test('searches that overlap, and points that come meanwhile, do not disturb each other', async () => {
  const count = 300_000
  const index = new Bm25Index(['text'])
  for (let slot = 0; slot < count; slot += 1) index.add(slot, { text: [`a b c${slot % 7}`] })
  const alone = await index.search({ text: 'a b c3', limit: 5 })
  const searches = [1, 2, 3].map(() => index.search({ text: 'a b c3', limit: 5 }))
  for (let slot = count; slot < 2 * count; slot += 1) index.add(slot, { text: ['d'] })
  for (const search of searches) expect(slotsOf(await search)).toEqual(slotsOf(alone))
  expect(slotsOf(await index.search({ text: 'd', limit: 1 }))).toEqual([count])
})

function randomOf(seed: number): () => number {
  let state = seed * 2_654_435_761
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) | 0
    state ^= state >>> 12
    return (state >>> 0) / 2 ** 32
  }
}

test('many words that are looked for with their misspellings let others have their turn, and end', async () => {
  const words = Array.from({ length: 3000 }, (_, number) => `w${number.toString(36)}`)
  const index = indexOf([words.join(' ')])
  const gone = new AbortController()
  setImmediate(() => gone.abort(new Error('gone')))
  const search = index.search({
    ...{ text: words.map((word) => `x${word}`).join(' '), limit: 1, signal: gone.signal },
    expansion: { fuzzy: 1 },
  })
  await expect(search).rejects.toThrow('gone')
})
