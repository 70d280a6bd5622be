import type { Table } from '@hypermesh/engine'
import { madePlaceOf, questionOfTables } from './page-cursor.ts'
import type { Pipeline } from './pipeline.ts'
import { invalidQuery } from './query-error.ts'
import type { QueryContext } from './query-result.ts'

/**
 * The pages of what is sorted, grouped or joined: each is made anew of the same commit. What a TTL hides
 * meanwhile would move the others, so with one there are no pages.
 */
export function madePages(tables: readonly Table[], context: QueryContext): Pipeline['pages'] {
  if (tables.every(({ schema }) => schema.ttlMs === null)) {
    // Another table of the name was not there at that commit, and would seem to be read to its end.
    const ids = tables.map(({ schema }) => schema.id)
    const question = questionOfTables(context.question, ids)
    return { question, place: madePlaceOf({ ...context, question }) }
  }
  assertNoCursor(context)
  return undefined
}

export function assertNoCursor({ page }: QueryContext): void {
  if (page?.cursor === undefined) return
  throw invalidQuery('this statement has no pages; use LIMIT, or read a stream')
}
