import { type BadRow, type FileFormat, printable } from '@hypermesh/contract'

export interface BadRowSearch {
  readonly path: string
  readonly format: FileFormat
  /** Column name → DuckDB type that is stated for it: a row with another value is a bad one. */
  readonly expected: ReadonlyMap<string, string>
  /** The search ends when it has found more than these. */
  readonly rowsMax: number
  readonly samplesMax: number
  readonly signal: AbortSignal | undefined
}

/** The bad rows of a file; its other rows can be written to a file of their own. */
export interface SearchedFile {
  readonly count: number
  /** The first of them, in their order. */
  readonly samples: readonly BadRow[]
  /** Returns the format that they are written in. */
  writeOthers(path: string): Promise<FileFormat>
}

export function describeBadRow({ line, row, reason }: BadRow): string {
  return `${line === undefined ? `row ${row}` : `line ${line}`}: ${reason}`
}

const shownChars = 100

/** Texts of a sample are cut, so that a receipt with some of them stays small. */
export function toBadRow(row: BadRow): BadRow {
  const cut = (text: string) => printable(text.trim().slice(0, shownChars))
  return { ...row, text: cut(row.text), reason: cut(row.reason) }
}
