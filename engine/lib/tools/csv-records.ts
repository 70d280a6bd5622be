import { EngineError } from '../errors.ts'
import { decodeText, type TextSource } from './text-lines.ts'

/** A field of a CSV record: quoted or not tells an empty text from none. */
export interface CsvField {
  readonly text: string
  readonly isQuoted: boolean
}

export interface CsvRecord {
  readonly fields: readonly CsvField[]
  /** Of its first character, from 1. */
  readonly line: number
}

const fieldCharactersMax = 64 << 20

/** The records of a CSV file by RFC 4180; lines may end in LF alone. */
export async function* readCsv(source: TextSource): AsyncGenerator<CsvRecord, void, undefined> {
  const parser = new CsvParser()
  for await (const piece of decodeText(source)) yield* parser.push(piece)
  yield* parser.end()
}

/** A record; fields are quoted where they must be, and `quoted` ones always. */
export function toCsvLine(values: readonly (string | null)[]): string {
  return `${values.map(toCsvField).join(',')}\n`
}

function toCsvField(value: string | null): string {
  if (value === null) return ''
  if (value !== '' && !/[",\r\n]/.test(value)) return value
  return `"${value.replaceAll('"', '""')}"`
}

class CsvParser {
  #state: 'start' | 'plain' | 'quoted' | 'quote' = 'start'
  #text = ''
  #fields: CsvField[] = []
  #line = 1
  #recordLine = 1

  push(piece: string): CsvRecord[] {
    const records: CsvRecord[] = []
    for (const character of piece) {
      const record = this.#step(character)
      if (character === '\n') this.#line++
      if (record !== undefined) records.push(record)
      if (this.#fields.length === 0 && this.#state === 'start') this.#recordLine = this.#line
    }
    if (this.#text.length > fieldCharactersMax) throw this.#error('has a field that is too long')
    return records
  }

  end(): CsvRecord[] {
    if (this.#state === 'quoted') throw this.#error('has a quote that is never closed')
    return this.#state === 'start' && this.#fields.length === 0 ? [] : this.push('\n')
  }

  #step(character: string): CsvRecord | undefined {
    if (this.#state === 'quoted') {
      if (character === '"') this.#state = 'quote'
      else this.#text += character
      return undefined
    }
    if (character === '"') return this.#quote()
    if (character === ',') {
      this.#endField()
      this.#state = 'start'
      return undefined
    }
    if (character === '\n') return this.#endRecord()
    if (this.#state === 'quote') {
      if (character === '\r') return undefined
      throw this.#error('has text behind a closing quote')
    }
    this.#state = 'plain'
    this.#text += character
    return undefined
  }

  #quote(): undefined {
    if (this.#state === 'plain') throw this.#error('has a quote inside a field that is not quoted')
    if (this.#state === 'quote') this.#text += '"'
    this.#state = 'quoted'
  }

  #endField(): void {
    const isQuoted = this.#state === 'quote'
    this.#fields.push({ text: this.#text, isQuoted })
    this.#text = ''
  }

  #endRecord(): CsvRecord | undefined {
    if (this.#state !== 'quote' && this.#text.endsWith('\r')) this.#text = this.#text.slice(0, -1)
    const isEmpty = this.#fields.length === 0 && this.#text === '' && this.#state !== 'quote'
    this.#endField()
    const record = { fields: this.#fields, line: this.#recordLine }
    this.#fields = []
    this.#state = 'start'
    return isEmpty ? undefined : record
  }

  #error(what: string): EngineError {
    return new EngineError('invalid', `line ${this.#line} ${what}`)
  }
}
