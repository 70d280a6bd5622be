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
  return {
    ...(query.limit === undefined ? {} : { limit: query.limit }),
    ...(from === undefined ? {} : { from: textToInstant(from, unit, 'from') }),
    ...(to === undefined ? {} : { to: textToInstant(to, unit, 'to') }),
    ...(valid_at === undefined ? {} : { validAt: textToInstant(valid_at, unit, 'valid_at') }),
    ...(node === undefined ? {} : { members: role === undefined ? node : { node, role } }),
    ...(key === undefined ? {} : { keys: [key] }),
    ...(label === undefined ? {} : { where: { column: 'label', eq: label } }),
    ...(columns === undefined ? {} : { columns: columns.split(',').map(toColumn) }),
    ...(cursor === undefined ? {} : { cursor }),
    ...(as_of === undefined ? {} : { asOf: textToAsOf(as_of) }),
    ...(query.newest_first ? { newestFirst: true } : {}),
  }
}
