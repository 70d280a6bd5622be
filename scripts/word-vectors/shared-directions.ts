import { tokenize } from '../../services/vector/src/text/tokenizer.ts'
import type { LearnedWord } from './words-file.ts'

/** As in services/vector/src/text/static-embeddings.ts. */
const smoothing = 1e-3
const rounds = 100

type Row = Float64Array<ArrayBufferLike>

export interface SharedOptions {
  readonly dimension: number
  readonly tokenCount: number
  readonly directions: number
}

/**
 * What pooled vectors of texts have in common whatever they say: their mean, then the directions in
 * which they differ most. Taken out, what is left tells texts apart.
 */
export function sharedDirections(
  texts: readonly string[],
  words: readonly LearnedWord[],
  { dimension, tokenCount, directions }: SharedOptions,
): Float32Array {
  const known = new Map(words.map((word) => [word.word, word]))
  const rows: Row[] = []
  for (const text of texts) {
    const found = tokenize(text).flatMap((word) => known.get(word) ?? [])
    if (found.length === 0) continue
    const row = new Float64Array(dimension)
    let weights = 0
    for (const { count, vector } of found) {
      const weight = smoothing / (smoothing + count / tokenCount)
      weights += weight
      addScaled(row, vector, weight)
    }
    rows.push(row.map((number) => number / weights))
  }
  const mean = new Float64Array(dimension)
  for (const row of rows) addScaled(mean, row, 1 / rows.length)
  for (const row of rows) addScaled(row, mean, -1)
  const components: Row[] = [mean]
  for (let index = 0; index < directions; index += 1) components.push(takeOutPrincipal(rows))
  return Float32Array.from(components.flatMap((component) => [...component]))
}

/** The direction of the largest spread, by power iteration. */
function takeOutPrincipal(rows: readonly Row[]): Row {
  const covariance = covarianceOf(rows)
  let direction: Row = Float64Array.from(covariance, () => 1 / Math.sqrt(covariance.length))
  for (let round = 0; round < rounds; round += 1) {
    const next = Float64Array.from(covariance, (line) => dot(line, direction))
    const length = Math.sqrt(dot(next, next))
    direction = next.map((number) => number / length)
  }
  for (const row of rows) addScaled(row, direction, -dot(row, direction))
  return direction
}

function covarianceOf(rows: readonly Row[]): readonly Row[] {
  const dimension = rows[0]?.length ?? 0
  const covariance = Array.from({ length: dimension }, () => new Float64Array(dimension))
  for (const row of rows) {
    for (const [at, line] of covariance.entries()) addScaled(line, row, row[at] ?? 0)
  }
  return covariance
}

function dot(a: Row, b: Row): number {
  let sum = 0
  for (let at = 0; at < a.length; at += 1) sum += (a[at] ?? 0) * (b[at] ?? 0)
  return sum
}

function addScaled(target: Row, source: ArrayLike<number>, factor: number): void {
  for (let at = 0; at < target.length; at += 1) {
    target[at] = (target[at] ?? 0) + factor * (source[at] ?? 0)
  }
}
