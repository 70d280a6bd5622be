import { argumentsOf } from './call-arguments.ts'
import { requestText, roomBeside, selectionNames, toSelection } from './hyperedge-call.ts'
import {
  castOf,
  describeTable,
  fixedColumns,
  isHyperedgeColumn,
  nodeType,
  propertyColumns,
  tableOf,
} from './hyperedge-columns.ts'
import { pushDown } from './hyperedge-filter.ts'
import type { TableFunction } from './table-function.ts'

const signature = { positional: ['table'], named: selectionNames }

/**
 * `hyperedges('database.table', member := …, role := …, from := …, to := …, valid_at := …, as_of := …)`: a
 * row each hyperedge. What WHERE says of its columns goes to the graph service as well.
 */
export const hyperedges: TableFunction = {
  name: 'hyperedges',
  async columns(call, peers, signal) {
    argumentsOf(call, signature)
    const described = await describeTable(call, peers, signal)
    const fixed = fixedColumns(nodeType(described))
    return [...fixed, ...propertyColumns(described, fixed)]
  },
  async answer(call, { peers, columns: known, filter, limits, signal }) {
    const given = argumentsOf(call, signature)
    const columns = known.filter(isHyperedgeColumn)
    const room = roomBeside(given, limits)
    const request = toSelection(call, given, pushDown(filter, { columns, room }))
    const options = { format: 'arrow', signal } as const
    const { body } = await peers.graph.streamHyperedges(tableOf(call), request, options)
    return {
      pushed: requestText(request),
      arrow: body,
      select: (table, staged) =>
        `SELECT ${columns.map((column) => castOf(column, staged)).join(', ')} FROM ${table}`,
    }
  },
}
