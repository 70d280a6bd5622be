import { appendFile, chmod, mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Dialect, sqlDialect, withBlockComments } from './statement-splitter.ts'

const entriesMax = 1000

/** The statements typed at the prompt, kept in a file that only its owner can read. */
export class PromptHistory {
  readonly #path: string
  readonly #dialect: Dialect
  /** Newest first, as readline wants them. */
  readonly #entries: string[]

  private constructor(path: string, dialect: Dialect, entries: string[]) {
    this.#path = path
    this.#dialect = dialect
    this.#entries = entries
  }

  static async open(path: string, dialect: Dialect = sqlDialect): Promise<PromptHistory> {
    const text = await readFile(path, 'utf8').catch(() => '')
    const lines = text.split('\n').filter((line) => line !== '')
    return new PromptHistory(path, dialect, lines.slice(-entriesMax).reverse())
  }

  get entries(): readonly string[] {
    return this.#entries
  }

  /** Keeps a statement, as one line; a history that cannot be written is no reason to fail. */
  async add(statement: string): Promise<void> {
    const entry = asOneLine(withBlockComments(statement.trim(), this.#dialect))
    if (entry === '' || this.#entries[0] === entry) return
    this.#entries.unshift(entry)
    this.#entries.length = Math.min(this.#entries.length, entriesMax)
    try {
      await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 })
      await appendFile(this.#path, `${entry}\n`, { mode: 0o600 })
      await chmod(this.#path, 0o600)
    } catch {
      // A read-only home: the history of this session still works.
    }
  }
}

function asOneLine(statement: string): string {
  return statement
    .split('\n')
    .map((line) => line.trim())
    .join(' ')
}
