import { plainForm } from '../../services/vector/src/text/word-forms.ts'
import { corpusLines } from './corpus.ts'
import type { Synset } from './wordnet.ts'
import type { LearnedWord } from './words-file.ts'

/** Of a word in the lines of a proper noun: most are Latin names of animals and plants. */
const properWeight = 0.3
/** A rarer word whose plain form is known too is left to that one. */
const ownVectorMin = 20

/** The words worth their place in the file, most frequent first. */
export function chooseWords(
  synsets: readonly Synset[],
  words: readonly LearnedWord[],
  countMax: number,
): readonly LearnedWord[] {
  const weights = weightsOf(synsets)
  const known = new Set(words.map(({ word }) => word))
  const weightOf = ({ word }: LearnedWord) => weights.get(word) ?? 0
  return words
    .filter(
      ({ word, count }) =>
        count >= ownVectorMin || plainForm(word, (form) => known.has(form)) === undefined,
    )
    .sort((a, b) => weightOf(b) - weightOf(a) || (a.word < b.word ? -1 : 1))
    .slice(0, countMax)
}

function weightsOf(synsets: readonly Synset[]): Map<string, number> {
  const weights = new Map<string, number>()
  for (const synset of synsets) {
    const weight = /^\p{Lu}/u.test(synset.lemmas[0] ?? '') ? properWeight : 1
    for (const line of corpusLines([synset])) {
      for (const word of line.split(' ')) weights.set(word, (weights.get(word) ?? 0) + weight)
    }
  }
  return weights
}
