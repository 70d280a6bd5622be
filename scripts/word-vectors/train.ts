import { spawnSync } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { LearnedWord } from './words-file.ts'

export const dimension = 100
/** One thread and a fixed seed: the same corpus gives the same vectors, on one kind of processor. */
const settings = [
  ...['-dim', dimension, '-epoch', 8, '-minCount', 3, '-minn', 3, '-maxn', 6],
  ...['-bucket', 200_000, '-thread', 1, '-seed', 1],
].map(String)

/** Runs Debian's fasttext over the lines; the words come back most frequent first. */
export async function train(
  lines: readonly string[],
  directory: string,
): Promise<readonly LearnedWord[]> {
  const input = join(directory, 'corpus.txt')
  const output = join(directory, 'vectors')
  await writeFile(input, `${lines.join('\n')}\n`)
  const { status, error } = spawnSync(
    'nice',
    ['fasttext', 'skipgram', '-input', input, '-output', output, ...settings],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  )
  if (error !== undefined || status !== 0) {
    throw new Error('fasttext did not run to its end; is it there? (apt-get install fasttext)')
  }
  return readVectors(`${output}.vec`, lines)
}

/** The text form: a line of two counts, then a word and its numbers a line. */
async function readVectors(path: string, lines: readonly string[]): Promise<LearnedWord[]> {
  const counts = new Map<string, number>()
  for (const line of lines) {
    for (const word of line.split(' ')) counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  const words: LearnedWord[] = []
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const [word = '', ...numbers] = line.trimEnd().split(' ')
    const count = counts.get(word)
    if (count === undefined || numbers.length !== dimension) continue
    words.push({ word, count, vector: Float32Array.from(numbers, Number) })
  }
  return words.sort((a, b) => b.count - a.count || (a.word < b.word ? -1 : 1))
}
