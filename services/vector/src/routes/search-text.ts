import { randomUUID } from 'node:crypto'
import { readNumbers } from '@hypermesh/hnsw'

/** Stands for the vector; no body can hold it. */
const place = randomUUID()
/** JSON has fewer spaces than a regular expression's own. */
const vectorFirst = /^[ \n\t\r]*\{[ \n\t\r]*"vector"[ \n\t\r]*:[ \n\t\r]*(?=\[)/

/**
 * As JSON.parse. Where a vector stands first, as clients write it, its numbers are read by themselves: they
 * are nearly all of the body, and making values of them one by one took longer than the search.
 */
export function parseSearch(text: string): unknown {
  const head = vectorFirst.exec(text)?.[0]
  const list = head === undefined ? undefined : readNumbers(text, head.length)
  if (list === undefined) return JSON.parse(text)
  const rest = JSON.parse(`{"vector":"${place}"${text.slice(list.end)}`) as { vector: unknown }
  // Said twice, the last counts.
  if (rest.vector !== place) return rest
  rest.vector = list.numbers
  return rest
}
