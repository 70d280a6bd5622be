import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface Synset {
  readonly lemmas: readonly string[]
  readonly definition: string
  readonly examples: readonly string[]
  /** Those of synsets that it is a kind of, is like, or belongs to. */
  readonly relatedLemmas: readonly string[]
}

interface Record {
  readonly lemmas: readonly string[]
  readonly gloss: string
  readonly related: readonly string[]
}

const parts = { noun: 'n', verb: 'v', adj: 'a', adv: 'r' }
/** Hypernym, instance of, similar to, derived from, pertains to, topic, see also, part of. */
const followed = new Set(['@', '@i', '&', '+', '\\', ';c', '^', '#p'])

/** WordNet's synsets in the order of its files; the format is in its wndb(5WN). */
export async function readWordNet(directory: string): Promise<readonly Synset[]> {
  const records = new Map<string, Record>()
  for (const [part, letter] of Object.entries(parts)) {
    const text = await readFile(join(directory, `data.${part}`), 'utf8')
    for (const line of text.split('\n')) {
      if (/^\d{8} /.test(line)) records.set(letter + line.slice(0, 8), parseRecord(line))
    }
  }
  return [...records.values()].map(({ lemmas, gloss, related }) => ({
    lemmas,
    definition: gloss.replace(/"[^"]*"?/g, ' '),
    examples: [...gloss.matchAll(/"([^"]+)"/g)].map((match) => match[1] ?? ''),
    relatedLemmas: related.flatMap((key) => records.get(key)?.lemmas ?? []),
  }))
}

function parseRecord(line: string): Record {
  const [head = '', gloss = ''] = line.split(' | ')
  const fields = head.split(' ')
  const lemmaCount = Number.parseInt(fields[3] ?? '', 16)
  const lemmas = Array.from({ length: lemmaCount }, (_, index) =>
    (fields[4 + 2 * index] ?? '').replace(/\(\w+\)$/, '').replaceAll('_', ' '),
  )
  const pointersAt = 4 + 2 * lemmaCount
  const related: string[] = []
  for (let index = 0; index < Number(fields[pointersAt]); index += 1) {
    const [symbol = '', offset = '', part = ''] = fields.slice(pointersAt + 1 + 4 * index)
    if (followed.has(symbol)) related.push(part + offset)
  }
  return { lemmas, gloss, related }
}
