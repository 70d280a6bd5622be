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
  const rest = parseRest(`{"vector":"${place}"${text.slice(list.end)}`)
  // One that is none is said of the body itself, and of two vectors the last counts.
  if (rest?.vector !== place) return JSON.parse(text)
  rest.vector = list.numbers
  return rest
}

function parseRest(text: string): { vector: unknown } | undefined {
  try {
    return JSON.parse(text) as { vector: unknown }
  } catch {
    return undefined
  }
}
