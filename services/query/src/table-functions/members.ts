import { argumentsOf } from './call-arguments.ts'
import { requestText, roomBeside, selectionNames, toSelection } from './hyperedge-call.ts'
import {
  castOf,
  describeTable,
  fixedColumns,
  type HyperedgeColumn,
  isHyperedgeColumn,
  nodeType,
  propertyColumns,
  tableOf,
} from './hyperedge-columns.ts'
import { pushDown } from './hyperedge-filter.ts'
import type { TableFunction } from './table-function.ts'

const signature = { positional: ['table'], named: selectionNames }
const membership = { node: 'node', role: 'role' }

/**
 * `members('database.table', …)`, as `hyperedges`: a row each membership, with what its hyperedge has. `node = …`
 * in WHERE finds the hyperedges by their members.
 */
export const members: TableFunction = {
  name: 'members',
  async columns(call, peers, signal) {
    argumentsOf(call, signature)
    const described = await describeTable(call, peers, signal)
    const node = nodeType(described)
    const columns = fixedColumns(node).flatMap((column): HyperedgeColumn[] => {
      if (column.name === 'id') return [{ ...column, name: 'hyperedge' }]
      if (column.name === 'members') return [{ ...column, name: 'node', type: node }]
      if (column.name === 'roles') return [{ ...column, name: 'role', type: 'VARCHAR' }]
      return [column]
    })
    return [...columns, ...propertyColumns(described, columns)]
  },
  async answer(call, { peers, columns: known, filter, limits, signal }) {
    const given = argumentsOf(call, signature)
    const columns = known.filter(isHyperedgeColumn)
    const own = columns.filter(({ name }) => name !== 'node' && name !== 'role')
    const room = roomBeside(given, limits)
    const pushed = pushDown(filter, { columns: own, room, membership })
    const request = toSelection(call, given, pushed)
    const options = { format: 'arrow', signal } as const
    const { body } = await peers.graph.streamHyperedges(tableOf(call), request, options)
    return {
      pushed: requestText(request),
      arrow: body,
      select: (table, staged) => {
        const listed = columns.map((column) => {
          const isList = column.name === 'node' || column.name === 'role'
          if (!isList) return castOf(column, staged)
          const cast = castOf({ ...column, type: `${column.type}[]` }, staged)
          return cast.replace(/^(.*) AS ("[^"]*")$/s, 'unnest($1) AS $2')
        })
        return `SELECT ${listed.join(', ')} FROM ${table}`
      },
    }
  },
}
