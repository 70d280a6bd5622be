/** English endings and what stands in their place in the plain form; the longest come first. */
const endings: readonly (readonly [ending: string, replacements: readonly string[]])[] = [
  ['ness', ['']],
  ['ings', ['', 'e', 'ing']],
  ['iest', ['y']],
  ['ies', ['y', 'ie']],
  ['ied', ['y']],
  ['ier', ['y']],
  ['ily', ['y']],
  ['ves', ['f', 'fe', 've']],
  ['ing', ['', 'e']],
  ['est', ['', 'e']],
  ['men', ['man']],
  ['es', ['', 'e']],
  ['ed', ['', 'e']],
  ['er', ['', 'e']],
  ['ly', ['']],
  ['s', ['']],
]
const stemLengthMin = 3

/** The first plain form of an inflected English word that is known, e.g. "overheats" → "overheat". */
export function plainForm(word: string, isKnown: (form: string) => boolean): string | undefined {
  for (const [ending, replacements] of endings) {
    if (!word.endsWith(ending) || word.length - ending.length < stemLengthMin) continue
    const stem = word.slice(0, -ending.length)
    const forms = replacements.map((replacement) => stem + replacement)
    // The letter that was doubled before the ending: "stopped", "bigger".
    if (stem.at(-1) === stem.at(-2)) forms.push(stem.slice(0, -1))
    const known = forms.find(isKnown)
    if (known !== undefined) return known
  }
  return undefined
}
