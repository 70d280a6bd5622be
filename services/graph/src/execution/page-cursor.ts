import { createHash } from 'node:crypto'
import { printable } from '@hypermesh/contract'
import { invalidQuery } from './query-error.ts'
import type { QueryContext } from './query-result.ts'

/** Where a statement goes on: the engine's own place, and what LIMIT still allows. */
export interface PagePlace {
  readonly cursor: string
  /** Null: the statement has no LIMIT. */
  readonly left: number | null
}

/** Stands for a statement, which is of any length. */
export function questionOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

/** The same of a statement over these very tables: names may come to be those of others. */
export function questionOfTables(question: string, ids: readonly number[]): string {
  return questionOf(`${question} ${ids.join(' ')}`)
}

const form = /^([0-9a-f]{16})\.(\d{1,16}|-)\.([A-Za-z0-9_-]{1,8192})$/

/** Not signed: the engine's part is, and whoever raises the rest asks for what LIMIT could say. */
export function formatCursor(question: string, { cursor, left }: PagePlace): string {
  return `${question}.${left ?? '-'}.${cursor}`
}

/** Throws `invalid` for what is no cursor, or one of another statement or other parameters. */
export function parseCursor(question: string, text: string): PagePlace {
  const [, asked, left, cursor] = form.exec(text) ?? []
  if (cursor === undefined) throw invalidQuery(`"${printable(text)}" is no cursor of a statement`)
  if (asked !== question)
    throw invalidQuery('the cursor is of another statement, of other parameters or other tables')
  return { cursor, left: left === '-' ? null : Number(left) }
}

/** Where a result goes on that is made anew for each page: of which commit, and behind how many rows. */
export interface MadePlace {
  readonly seq: number
  readonly offset: number
}

const madeForm = /^made-(\d{1,16})-(\d{1,16})$/

export function formatMadeCursor(question: string, { seq, offset }: MadePlace): string {
  return formatCursor(question, { cursor: `made-${seq}-${offset}`, left: null })
}

/** Undefined: it begins. Throws `invalid` as `parseCursor` does. */
export function madePlaceOf({
  page,
  question,
}: Pick<QueryContext, 'page' | 'question'>): MadePlace | undefined {
  if (page?.cursor === undefined) return undefined
  const [, seq, offset] = madeForm.exec(parseCursor(question, page.cursor).cursor) ?? []
  const place = { seq: Number(seq), offset: Number(offset) }
  if (Number.isSafeInteger(place.seq) && Number.isSafeInteger(place.offset)) return place
  throw invalidQuery(`"${printable(page.cursor)}" is no cursor of this statement`)
}
