import { HyperMeshError, identifierPattern, printable, type VectorHit } from '@hypermesh/contract'
import type { TableCall } from '@hypermesh/duckdb'
import { argumentsOf, textArgument, wholeArgument, wrongCall } from './call-arguments.ts'
import type { AnswerColumn, TableFunction } from './table-function.ts'

const signature = { positional: ['index', 'query', 'k'], named: ['filter', 'ef'] }

/**
 * `vector_search('index', query, k, filter := '{…}', ef := …)`: the points nearest to a vector or to a
 * text, the nearest first.
 */
export const vectorSearch: TableFunction = {
  name: 'vector_search',
  async columns(call, { vector }, signal) {
    const { ids } = await vector.getVectorIndex(indexOf(call), { signal })
    return columnsOf(ids.text === 0 && ids.number > 0 ? 'BIGINT' : 'VARCHAR')
  },
  async answer(call, { peers, columns, signal }) {
    const index = indexOf(call)
    const request = searchOf(call)
    const { hits = [] } = await peers.vector.searchVectors(index, request, { signal })
    const isText = columns[0]?.type === 'VARCHAR'
    return { pushed: null, rows: hits.map((hit) => rowOf(hit, isText, index)) }
  },
}

/**
 * Ids are numbers in SQL where all of the index are, so that they join with keys of either kind. Ids
 * end at 2^53 − 1. An empty index has texts: those are compared with a number, the number never fails.
 */
function columnsOf(id: 'BIGINT' | 'VARCHAR'): AnswerColumn[] {
  return [
    { name: 'id', type: id },
    { name: 'distance', type: 'DOUBLE' },
    { name: 'score', type: 'DOUBLE' },
    { name: 'metadata', type: 'JSON' },
  ]
}

function indexOf(call: TableCall): string {
  const index = textArgument(call, 'index', argumentsOf(call, signature).get('index'))
  if (index === undefined) {
    throw wrongCall(call, 'needs the name of its index, where it is checked too: give a default')
  }
  if (identifierPattern.test(index)) return index
  throw wrongCall(call, `takes the name of an index, which "${printable(index)}" is not`)
}

function searchOf(call: TableCall) {
  const given = argumentsOf(call, signature)
  const k = wholeArgument(call, 'k', given.get('k'))
  if (k === undefined || k < 1) throw wrongCall(call, 'takes a k of at least 1')
  const ef = wholeArgument(call, 'ef', given.get('ef'))
  const filter = textArgument(call, 'filter', given.get('filter'))
  return {
    ...queryOf(call, given.get('query')),
    k,
    ...(ef === undefined ? {} : { ef }),
    ...(filter === undefined ? {} : { filter: filterOf(call, filter) }),
  }
}

function queryOf(call: TableCall, query: unknown): { text: string } | { vector: number[] } {
  if (typeof query === 'string') return { text: query }
  if (Array.isArray(query)) {
    const vector = query.map((each) => (typeof each === 'bigint' ? Number(each) : each))
    const isVector = vector.every((each) => typeof each === 'number')
    if (isVector) return { vector }
  }
  throw wrongCall(call, 'takes a text or a list of numbers as query')
}

function filterOf(call: TableCall, text: string): Record<string, unknown> {
  let filter: unknown
  try {
    filter = JSON.parse(text)
  } catch {
    throw wrongCall(call, 'takes JSON as filter, which this is not')
  }
  const isObject = typeof filter === 'object' && filter !== null && !Array.isArray(filter)
  if (isObject) return filter as Record<string, unknown>
  throw wrongCall(call, 'takes a JSON object as filter')
}

function rowOf({ id, distance, score, metadata }: VectorHit, isText: boolean, index: string) {
  if (!isText && typeof id !== 'number') {
    const message = `the index ${index} got its first id that is a text meanwhile; ask again`
    throw new HyperMeshError('unavailable', message, { details: { retryAfterSeconds: 0 } })
  }
  return { id: isText ? String(id) : id, distance, score, metadata: metadata ?? null }
}
