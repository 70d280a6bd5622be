import { HyperMeshError, type listHyperedgesQuery } from '@hypermesh/contract'
import type { FindOptions } from '@hypermesh/engine'
import type { z } from 'zod'
import { textToAsOf, textToInstant } from '../instants.ts'
import { textToNode } from '../json-nodes.ts'
import { toColumn } from '../selection.ts'

/** The query string of a list of hyperedges as the engine takes it. */
export function toListFind(query: z.output<typeof listHyperedgesQuery>): FindOptions {
  const { time_unit: unit, from, to, valid_at, member, role, columns, cursor, as_of } = query
  const { key, label } = query
  if (role !== undefined && member === undefined) {
    throw new HyperMeshError('invalid', 'role is that of a member, which is missing')
  }
  const node = member === undefined ? undefined : textToNode(member)
  const find: { -readonly [Name in keyof FindOptions]: FindOptions[Name] } = {}
  if (query.limit !== undefined) find.limit = query.limit
  if (from !== undefined) find.from = textToInstant(from, unit, 'from')
  if (to !== undefined) find.to = textToInstant(to, unit, 'to')
  if (valid_at !== undefined) find.validAt = textToInstant(valid_at, unit, 'valid_at')
  if (node !== undefined) find.members = role === undefined ? node : { node, role }
  if (key !== undefined) find.keys = [key]
  if (label !== undefined) find.where = { column: 'label', eq: label }
  if (columns !== undefined) find.columns = columns.split(',').map(toColumn)
  if (cursor !== undefined) find.cursor = cursor
  if (as_of !== undefined) find.asOf = textToAsOf(as_of)
  if (query.newest_first) find.newestFirst = true
  return find
}
