import { tokenize } from '../../services/vector/src/text/tokenizer.ts'
import type { Synset } from './wordnet.ts'

/**
 * The lines that the vectors are trained on: what a word means stands beside the word, and so do
 * the words that mean the same or are close. Each as the service itself will cut it into words.
 */
export function* corpusLines(synsets: readonly Synset[]): Generator<string> {
  for (const { lemmas, definition, examples, relatedLemmas } of synsets) {
    yield lineOf([...lemmas, definition])
    for (const example of examples) yield lineOf([example])
    if (lemmas.length > 1 || relatedLemmas.length > 0) {
      yield lineOf([...lemmas, ...relatedLemmas.slice(0, relatedMax)])
    }
  }
}

const relatedMax = 8

function lineOf(texts: readonly string[]): string {
  return texts.flatMap(tokenize).join(' ')
}
