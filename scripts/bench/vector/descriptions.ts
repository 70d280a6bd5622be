import { spawnSync } from 'node:child_process'
import { StaticEmbeddings } from '../../../services/vector/src/text/static-embeddings.ts'
import { readWordVectors } from '../../../services/vector/src/text/word-vectors.ts'
import type { VectorData } from './dataset.ts'

const words = new URL('../../../services/vector/word-vectors/static-en.bin', import.meta.url)
const bytesMax = 1 << 30
const leastTexts = 20_000

/**
 * What Debian's packages are, a line for each, by the embedder that comes with the platform; each hundredth
 * is a query and not in the index. Undefined where the system has no list of packages.
 */
export async function descriptions(): Promise<VectorData | undefined> {
  const { stdout } = spawnSync('apt-cache', ['dumpavail'], { maxBuffer: bytesMax })
  const lines = (stdout?.toString() ?? '').matchAll(/^Description(?:-en)?: (.*\p{L}.*)$/gmu)
  const texts = [...new Set(Array.from(lines, ([, text = '']) => text))]
  if (texts.length < leastTexts) {
    console.log('no list of packages: apt-get update')
    return undefined
  }
  const embedder = new StaticEmbeddings(await readWordVectors(words))
  const isQuery = (row: number) => row % 100 === 0
  const asked = texts.filter((_, row) => isQuery(row))
  const indexed = texts.filter((_, row) => !isQuery(row))
  return {
    name: 'text',
    dimension: embedder.dimension,
    metric: 'cosine',
    count: indexed.length,
    vectors: await embedder.embed(indexed),
    queryCount: asked.length,
    queries: await embedder.embed(asked),
  }
}
