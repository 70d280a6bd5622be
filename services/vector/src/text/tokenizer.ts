const asciiPattern = /^[\0-\x7f]*$/
const accents = /[\u0300-\u036f]/g
const wordPattern = /[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}]+)*/gu
const asciiWordPattern = /[a-z0-9]+(?:'[a-z]+)*/g
const possessive = /['’]s$/
const apostrophes = /['’]/g
/** Scripts that write no spaces between words. */
const unspaced =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u

/** What is longer is no word (a digest, an encoded file): its beginning stands for it. */
const wordLengthMax = 64

const segmenter = new Intl.Segmenter('und', { granularity: 'word' })

/**
 * The words of a text, as both the word vectors and BM25 count them: lower case, without accents,
 * compatibility forms made plain, "dog's" as "dog". There is no stemming and no list of stop words.
 */
export function tokenize(text: string): string[] {
  if (asciiPattern.test(text)) return wordsOf(text.toLowerCase(), asciiWordPattern)
  const plain = text.normalize('NFKD').toLowerCase().replace(accents, '').normalize('NFC')
  const words = wordsOf(plain, wordPattern)
  return unspaced.test(plain) ? words.flatMap(segment) : words
}

function wordsOf(text: string, pattern: RegExp): string[] {
  const words = text.match(pattern) ?? []
  return words.map((word) => {
    const whole = /['’]/.test(word) ? word.replace(possessive, '').replace(apostrophes, '') : word
    return whole.length > wordLengthMax ? whole.slice(0, wordLengthMax) : whole
  })
}

function segment(word: string): string[] {
  if (!unspaced.test(word)) return [word]
  return [...segmenter.segment(word)].flatMap((part) => (part.isWordLike ? [part.segment] : []))
}
