/** Cuts text that comes in pieces into records of CSV: quotes hold commas, line ends and quotes. */
export class CsvRecords {
  #fields: string[] = []
  #field = ''
  #state: 'plain' | 'quoted' | 'after-quote' = 'plain'

  /** The last record, where no line end stands behind it. */
  end(): string[] | undefined {
    return this.#field === '' && this.#fields.length === 0 ? undefined : this.#endRecord()
  }

  /** The records that end within this piece. */
  *push(text: string): Generator<string[], void, void> {
    for (const character of text) {
      const record = this.#state === 'plain' ? this.#plain(character) : this.#quoted(character)
      if (record !== undefined) yield record
    }
  }

  #plain(character: string): string[] | undefined {
    if (character === '\n') return this.#endRecord()
    if (character === '"' && this.#field === '') this.#state = 'quoted'
    else if (character === ',') this.#endField()
    else if (character !== '\r') this.#field += character
    return undefined
  }

  #quoted(character: string): string[] | undefined {
    if (this.#state === 'quoted') {
      if (character === '"') this.#state = 'after-quote'
      else this.#field += character
      return undefined
    }
    // Behind a quote: another one is a quote that is meant, anything else ends the quoting.
    this.#state = character === '"' ? 'quoted' : 'plain'
    if (character !== '"') return this.#plain(character)
    this.#field += character
    return undefined
  }

  #endField(): void {
    this.#fields.push(this.#field)
    this.#field = ''
  }

  /** Undefined for an empty line. */
  #endRecord(): string[] | undefined {
    this.#endField()
    const fields = this.#fields
    this.#fields = []
    return fields.length === 1 && fields[0] === '' ? undefined : fields
  }
}
