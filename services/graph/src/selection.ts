import {
  type FindHyperedgesRequest,
  type GraphTimeUnit,
  HyperMeshError,
  type Limits,
} from '@hypermesh/contract'
import type {
  ColumnName,
  Filter,
  FindOptions,
  MembersFilter,
  MemberTerm,
  Selection,
  TableSchema,
} from '@hypermesh/engine'
import { toInstant } from './instants.ts'
import { fromJson, toNode } from './json-nodes.ts'

/** What the words of a question mean. */
export interface SelectionTerms {
  readonly unit: GraphTimeUnit
  readonly schema: TableSchema
  readonly limits: Limits
}

type SelectionField = 'from' | 'to' | 'valid_at' | 'members' | 'ids' | 'keys' | 'where'
type SelectionRequest = {
  readonly [Name in SelectionField]?: FindHyperedgesRequest[Name] | undefined
}

const pageRowsDefault = 1000

/** How many rows a page has: 1,000 where that is not said. Throws `too_large` past the limit. */
export function toPageRows(limit: number | undefined, { graphPageMax }: Limits): number {
  const rows = limit ?? Math.min(pageRowsDefault, graphPageMax)
  if (rows <= graphPageMax) return rows
  throw new HyperMeshError('too_large', `a page has at most ${graphPageMax} rows, not ${rows}`, {
    details: { limit: 'graph_page_max', pageMax: graphPageMax },
  })
}

/** Which hyperedges a request asks for, as the engine takes it. */
export function toSelection(request: SelectionRequest, terms: SelectionTerms): Selection {
  const { from, to, valid_at, members, ids, keys, where } = request
  const { unit, limits } = terms
  const room = { left: limits.graphTermsMax, max: limits.graphTermsMax }
  take(room, (ids?.length ?? 0) + (keys?.length ?? 0))
  return {
    ...(from === undefined ? {} : { from: toInstant(from, unit, 'from') }),
    ...(to === undefined ? {} : { to: toInstant(to, unit, 'to') }),
    ...(valid_at === undefined ? {} : { validAt: toInstant(valid_at, unit, 'valid_at') }),
    ...(members === undefined ? {} : { members: toMembers(members, room) }),
    ...(ids === undefined ? {} : { ids }),
    ...(keys === undefined ? {} : { keys }),
    ...(where === undefined ? {} : { where: toFilter(where, terms, room) }),
  }
}

/** The same with what is asked of them and how many. */
export function toFind(request: FindHyperedgesRequest, terms: SelectionTerms): FindOptions {
  const { limit, cursor, columns, newest_first, as_of } = request
  return {
    ...toSelection(request, terms),
    ...(limit === undefined ? {} : { limit }),
    ...(cursor === undefined ? {} : { cursor }),
    ...(columns === undefined ? {} : { columns: columns.map(toColumn) }),
    ...(newest_first ? { newestFirst: true } : {}),
    ...(as_of === undefined ? {} : { asOf: as_of }),
  }
}

/** `props.<name>` is the property, where a column that every hyperedge has is called so as well. */
export function toColumn(name: string): ColumnName {
  return name.startsWith('props.') ? { property: name.slice('props.'.length) } : name
}

/** Throws `too_large` where a question names more nodes than it may. */
export function takeTerms(count: number, { graphTermsMax: max }: Limits): void {
  take({ left: max, max }, count)
}

interface Room {
  left: number
  readonly max: number
}

function take(room: Room, count: number): void {
  room.left -= count
  if (room.left >= 0) return
  throw new HyperMeshError('too_large', `a question names at most ${room.max} nodes and values`, {
    details: { limit: 'graph_terms_max', termsMax: room.max },
  })
}

function toMembers(members: unknown, room: Room): MembersFilter {
  if (typeof members !== 'object' || members === null || Array.isArray(members)) {
    return members as MembersFilter
  }
  const given = members as Readonly<Record<string, unknown>>
  const terms = (list: unknown): readonly MemberTerm[] => {
    if (!Array.isArray(list)) return list as never
    take(room, list.length)
    return list.map(toTerm)
  }
  if ('all' in given) return { all: terms(given.all) }
  if ('any' in given) return { any: terms(given.any) }
  if ('exactly' in given) return { exactly: terms(given.exactly) }
  if ('of' in given) return { atLeast: Number(given.at_least), of: terms(given.of) }
  return toTerm(given)
}

function toTerm(term: unknown): MemberTerm {
  if (typeof term !== 'object' || term === null || !('node' in term)) return toNode(term)
  return { ...term, node: toNode(term.node) }
}

/** Deeper than the engine goes would be refused there; the body is bounded in depth before. */
function toFilter(filter: unknown, terms: SelectionTerms, room: Room): Filter {
  if (typeof filter !== 'object' || filter === null || Array.isArray(filter)) {
    throw new HyperMeshError('invalid', 'a condition of where is an object')
  }
  const given = filter as Readonly<Record<string, unknown>>
  if (!('column' in given)) {
    const inner = (part: unknown) => toFilter(part, terms, room)
    const entries = Object.entries(given).map(([name, part]) => [
      name,
      Array.isArray(part) ? part.map(inner) : inner(part),
    ])
    // The engine says what is wrong with another name.
    return Object.fromEntries(entries) as Filter
  }
  const { column, is_null, ...comparisons } = given
  const value = readerOf(column, terms)
  const converted = Object.entries(comparisons).map(([name, operand]) => {
    take(room, Array.isArray(operand) ? operand.length : 1)
    return [name, Array.isArray(operand) ? operand.map(value) : value(operand)]
  })
  return {
    ...Object.fromEntries(converted),
    column: typeof column === 'string' ? toColumn(column) : column,
    ...(is_null === undefined ? {} : { isNull: is_null }),
  } as Filter
}

/** How a value of the column is understood. */
function readerOf(column: unknown, { unit, schema }: SelectionTerms): (value: unknown) => unknown {
  if (unit === 'ms' || typeof column !== 'string') return fromJson
  const name = column.replace(/^props\./, '')
  const isInstant =
    column === 'at' ||
    column === 'until' ||
    schema.properties.some((one) => one.name === name && one.type === 'timestamp')
  if (!isInstant) return fromJson
  return (value) => (typeof value === 'number' ? toInstant(value, unit, column) : value)
}
