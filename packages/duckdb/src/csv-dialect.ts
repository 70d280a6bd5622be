import { HyperMeshError } from '@hypermesh/contract'

/** How the fields of a delimited file are told apart. */
export interface CsvDialect {
  readonly delimiter: string
  /** Empty: no quoting. */
  readonly quote: string
  readonly escape: string
  /** Blank lines before the first record. */
  readonly blankLines: number
  readonly firstRecord: readonly string[]
  /** Some records from the start, the first one too. */
  readonly records: readonly (readonly string[])[]
  /** Some record has two quotes with nothing between them as a field. */
  readonly quotedEmpties: boolean
}

interface Quoting {
  readonly quote: string
  readonly escape: string
}

const doubled: Quoting = { quote: '"', escape: '"' }
const backslashed: Quoting = { quote: '"', escape: '\\' }
const apostrophes: Quoting = { quote: "'", escape: "'" }
/** Tab-separated files often have no quoting at all, and quotes that are text. */
const none: Quoting = { quote: '', escape: '' }

const quotings: Readonly<Record<'csv' | 'tsv', readonly Quoting[]>> = {
  csv: [doubled, backslashed, apostrophes],
  tsv: [doubled, backslashed, none],
}
const csvDelimiters = [',', ';', '|', '\t']
const recordsSampled = 500

/**
 * Tells the dialect from the start of a file. `complete` says that the text is the whole file, so
 * that its last record ends where the text does. Nothing is skipped but blank lines at the top.
 */
export function detectCsvDialect(
  text: string,
  options: { readonly format: 'csv' | 'tsv'; readonly complete: boolean },
): CsvDialect {
  const body = text.startsWith('\uFEFF') ? text.slice(1) : text
  const blankLines = /^(?:[ \t]*(?:\r\n|\n|\r))*/.exec(body)?.[0] ?? ''
  const whole = body.slice(blankLines.length)
  const content = sampleOf(whole)
  const complete = options.complete && content === whole
  if (content.trim() === '') throw new HyperMeshError('invalid', 'the file holds no rows')
  const delimiters = options.format === 'tsv' ? ['\t'] : csvDelimiters
  const scans = quotings[options.format].flatMap((quoting) =>
    delimiters.map((delimiter) => scan(content, { ...quoting, delimiter }, complete)),
  )
  const best = scans.reduce((left, right) => (rank(right) > rank(left) ? right : left))
  const first = best.records[0]
  if (first === undefined) {
    throw new HyperMeshError('invalid', 'the first line of the file does not end', {
      details: { line: 1 },
    })
  }
  return {
    delimiter: best.delimiter,
    quote: best.quote,
    escape: best.escape,
    blankLines: blankLines.split(/\r\n|\n|\r/).length - 1,
    firstRecord: first,
    records: best.records,
    quotedEmpties: best.quotedEmpties,
  }
}

const sampleChars = 256 * 1024

/** The text is scanned a dozen times on the event loop; wide rows would take it for seconds. */
function sampleOf(text: string): string {
  const lineEnd = text.search(/[\r\n]/)
  return text.slice(0, Math.max(sampleChars, lineEnd < 0 ? text.length : 2 * lineEnd))
}

interface Scan extends Quoting {
  readonly delimiter: string
  readonly records: readonly (readonly string[])[]
  /** A quote that does not end, or text after the closing one. */
  readonly broken: boolean
  readonly quotedFields: number
  readonly quotedEmpties: boolean
  /** A field that another quoting would take for a quoted one. */
  readonly strayQuotes: boolean
}

/**
 * A clean dialect that splits every record alike is certain. Where there is none, the one that
 * splits the header and fits most records is taken, and the ragged record is an error of the load.
 * The order of the lists decides between equals: a header of one field is read with commas.
 */
function rank({ records, broken, quote, quotedFields, strayQuotes }: Scan): number {
  const width = records[0]?.length ?? 0
  const filled = records.filter((record) => record.length > 1 || record[0] !== '')
  const equal = filled.filter((record) => record.length === width).length
  const share = filled.length === 0 ? 0 : equal / filled.length
  const splits = width > 1
  const usesQuote = quote !== "'" || (quotedFields > 0 && !strayQuotes)
  const certain = splits && !broken && share === 1 && usesQuote
  const clean = !broken && usesQuote
  return (
    (certain ? 16 : 0) +
    (splits ? 8 : 0) +
    (clean ? 4 : 0) +
    (splits ? share * 2 + Math.min(width, 10_000) / 10_000 : 0)
  )
}

function scan(
  text: string,
  dialect: Quoting & { readonly delimiter: string },
  complete: boolean,
): Scan {
  const records: string[][] = []
  let record: string[] = []
  let at = 0
  let broken = false
  let quotedFields = 0
  let quotedEmpties = false
  let strayQuotes = false
  while (at < text.length && records.length < recordsSampled) {
    const field = readField(text, at, dialect)
    if (!field.closed) {
      // An open quote at the end of a cut text proves nothing.
      broken ||= complete || text.length - at > 1_000_000
      break
    }
    broken ||= field.broken
    if (text[at] === dialect.quote) {
      quotedFields += 1
      quotedEmpties ||= field.value === ''
    } else strayQuotes ||= text[at] === '"'
    record.push(field.value)
    at = field.end
    if (text[at] === dialect.delimiter) {
      at += 1
      if (at < text.length) continue
      record.push('')
    }
    if (at >= text.length && !complete) break
    records.push(record)
    record = []
    at += text.startsWith('\r\n', at) ? 2 : 1
  }
  return { ...dialect, records, broken, quotedFields, quotedEmpties, strayQuotes }
}

interface Field {
  readonly value: string
  /** Where the delimiter, the line end or the end of the text stands. */
  readonly end: number
  readonly closed: boolean
  readonly broken: boolean
}

function readField(
  text: string,
  start: number,
  { delimiter, quote, escape: escaping }: Quoting & { readonly delimiter: string },
): Field {
  if (quote === '' || text[start] !== quote) {
    let end = start
    while (end < text.length && !isFieldEnd(text[end], delimiter)) end += 1
    return { value: text.slice(start, end), end, closed: true, broken: false }
  }
  let value = ''
  let at = start + 1
  while (at < text.length) {
    const here = text[at]
    const next = text[at + 1]
    if (here === escaping && (next === quote || (escaping !== quote && next === escaping))) {
      value += next
      at += 2
    } else if (here === quote) {
      const end = at + 1
      const broken = end < text.length && !isFieldEnd(text[end], delimiter)
      if (!broken) return { value, end, closed: true, broken: false }
      return { ...readField(text, end, { delimiter, quote: '', escape: '' }), broken: true }
    } else {
      value += here
      at += 1
    }
  }
  return { value, end: at, closed: false, broken: false }
}

function isFieldEnd(character: string | undefined, delimiter: string): boolean {
  return character === delimiter || character === '\n' || character === '\r'
}
