import { argumentsOf, textArgument, wholeArgument, wrongCall } from './call-arguments.ts'
import { nodesArgument, requestText, toSelection } from './hyperedge-call.ts'
import { describeTable, nodeType, tableOf } from './hyperedge-columns.ts'
import type { TableFunction } from './table-function.ts'

const signature = {
  positional: ['table', 'seeds'],
  named: ['hops', 'order', 'from_role', 'to_role', 'from', 'to', 'valid_at', 'as_of', 'limit'],
}
const orders = ['strict', 'non_decreasing', 'any'] as const
const limitDefault = 10_000

/**
 * `khop('database.table', seeds, hops := 1, order := 'strict', from_role := …, to_role := …, from := …, to := …,
 * valid_at := …, as_of := …, limit := 10000)`: the nodes that are reached, in the order of hops and arrival.
 */
export const khop: TableFunction = {
  name: 'khop',
  async columns(call, peers, signal) {
    argumentsOf(call, signature)
    const node = nodeType(await describeTable(call, peers, signal))
    return [
      { name: 'node', type: node },
      { name: 'hop', type: 'INTEGER' },
      { name: 'event_ts', type: 'TIMESTAMP WITH TIME ZONE' },
      { name: 'hyperedge', type: 'BIGINT' },
      { name: 'parent', type: node },
    ]
  },
  async answer(call, { peers, columns, signal }) {
    const given = argumentsOf(call, signature)
    const seeds = nodesArgument(call, given.get('seeds'))
    if (seeds === undefined) throw wrongCall(call, 'takes a node or a list of nodes as seeds')
    const hops = wholeArgument(call, 'hops', given.get('hops')) ?? 1
    const text = (name: string) => textArgument(call, name, given.get(name))
    const order = orders.find((each) => each === (text('order') ?? 'strict'))
    if (order === undefined) throw wrongCall(call, `takes an order of ${orders.join(', ')}`)
    const [fromRole, toRole] = [text('from_role'), text('to_role')]
    const { members: _, ids: __, keys: ___, ...span } = toSelection(call, given, {})
    const request = {
      ...{ seeds, hops, order, ...span },
      ...(fromRole === undefined ? {} : { from_role: fromRole }),
      ...(toRole === undefined ? {} : { to_role: toRole }),
      limit: wholeArgument(call, 'limit', given.get('limit')) ?? limitDefault,
    }
    const { nodes } = await peers.graph.expandHyperedges(tableOf(call), request, { signal })
    const isText = columns[0]?.type === 'VARCHAR'
    const shown = (node: (typeof nodes)[number]['node']) => {
      const plain = typeof node === 'object' ? node.int : node
      return isText ? String(plain) : plain
    }
    const rows = nodes.map(({ node, hop, at, via, parent }) => ({
      node: shown(node),
      hop,
      event_ts: via === null ? null : at,
      hyperedge: via,
      parent: parent === null ? null : shown(parent),
    }))
    return { pushed: requestText(request), rows }
  },
}
