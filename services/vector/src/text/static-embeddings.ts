import { HyperMeshError } from '@hypermesh/contract'
import type { EmbeddingProvider } from './embedding-provider.ts'
import { EventLoopTurns } from './event-loop-turns.ts'
import { tokenize } from './tokenizer.ts'
import { plainForm } from './word-forms.ts'
import type { WordVectors } from './word-vectors.ts'

/** Words as rare as this count half (the `a` of smooth inverse frequency weights). */
const smoothing = 1e-3
const lettersPerTurn = 100_000
const gramLengths = [3, 4, 5]

export const staticProviderName = 'static'

/**
 * The embedder that works offline: the mean of a text's word vectors, rare words weighing more,
 * without what all texts share, at unit length. Limits: English words, no order of words, no sense
 * of "not"; an unknown word is known by its spelling alone, so that only itself and misspellings of
 * it are near. Good for trying out and for hybrid search; a sentence model ranks better.
 */
export class StaticEmbeddings implements EmbeddingProvider {
  readonly name = staticProviderName
  readonly #words: WordVectors

  constructor(words: WordVectors) {
    this.#words = words
  }

  get model(): string {
    return this.#words.model
  }

  get dimension(): number {
    return this.#words.dimension
  }

  async embed(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array> {
    const { dimension } = this
    const rows = new Float32Array(texts.length * dimension)
    const turns = new EventLoopTurns(lettersPerTurn)
    for (const [index, text] of texts.entries()) {
      const row = rows.subarray(index * dimension, (index + 1) * dimension)
      if (!this.#pool(text, row)) {
        throw new HyperMeshError('invalid', `text ${index + 1} of ${texts.length} has no word`, {
          details: { text: index },
        })
      }
      if (turns.isOver(text.length + 100)) await turns.next(signal)
    }
    return rows
  }

  /** False when nothing is left to give a length of one. */
  #pool(text: string, row: Float32Array): boolean {
    let weights = 0
    for (const word of tokenize(text)) weights += this.#addWord(word, row)
    if (weights === 0) return false
    for (let at = 0; at < row.length; at += 1) row[at] = (row[at] ?? 0) / weights
    this.#takeOutShared(row)
    return normalize(row)
  }

  #addWord(word: string, row: Float32Array): number {
    const { indexes, counts, scales, vectors, tokenCount, vectorLength } = this.#words
    const form = indexes.has(word) ? word : plainForm(word, (plain) => indexes.has(plain))
    const index = form === undefined ? undefined : indexes.get(form)
    if (index === undefined) {
      addSpelling(word, row, vectorLength)
      return 1
    }
    const weight = smoothing / (smoothing + (counts[index] ?? 0) / tokenCount)
    const factor = weight * (scales[index] ?? 0)
    const start = index * row.length
    for (let at = 0; at < row.length; at += 1) {
      row[at] = (row[at] ?? 0) + factor * (vectors[start + at] ?? 0)
    }
    return weight
  }

  #takeOutShared(row: Float32Array): void {
    const { components, dimension } = this.#words
    for (let at = 0; at < dimension; at += 1) row[at] = (row[at] ?? 0) - (components[at] ?? 0)
    for (let start = dimension; start < components.length; start += dimension) {
      let along = 0
      for (let at = 0; at < dimension; at += 1)
        along += (row[at] ?? 0) * (components[start + at] ?? 0)
      for (let at = 0; at < dimension; at += 1) {
        row[at] = (row[at] ?? 0) - along * (components[start + at] ?? 0)
      }
    }
  }
}

/** A direction by chance for each run of letters, always the same one: words that share runs are near. */
function addSpelling(word: string, row: Float32Array, length: number): void {
  const marked = `<${word}>`
  const seeds = gramLengths.flatMap((gramLength) =>
    Array.from({ length: Math.max(0, marked.length - gramLength + 1) }, (_, at) =>
      hashOf(marked.slice(at, at + gramLength)),
    ),
  )
  const factor = length / Math.sqrt(seeds.length * row.length)
  for (const seed of seeds) {
    let state = seed | 1
    for (let at = 0; at < row.length; at += 1) {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      row[at] = (row[at] ?? 0) + (state > 0 ? factor : -factor)
    }
  }
}

/** FNV-1a over UTF-16. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  }
  return hash
}

function normalize(row: Float32Array): boolean {
  let sum = 0
  for (const number of row) sum += number * number
  if (!(sum > 0)) return false
  const factor = 1 / Math.sqrt(sum)
  for (let at = 0; at < row.length; at += 1) row[at] = (row[at] ?? 0) * factor
  return true
}
