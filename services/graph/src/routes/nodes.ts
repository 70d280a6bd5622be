import {
  declareGraphNodesRequest,
  deleteGraphNodesRequest,
  findGraphNodesRequest,
  getGraphNodeQuery,
  HyperMeshError,
  printable,
  setGraphNodesRequest,
} from '@hypermesh/contract'
import type { NodeReader } from '@hypermesh/engine'
import { type App, readJson, readQuery } from '@hypermesh/kit'
import type { GraphDatabases } from '../graph-databases.ts'
import { firstRow, rowsPage } from '../hyperedge-reading.ts'
import { assertBatch, toProps } from '../hyperedge-rows.ts'
import { textToAsOf } from '../instants.ts'
import { textToNode, toNode } from '../json-nodes.ts'
import { takeTerms, toPageRows, toSelection } from '../selection.ts'
import { jsonWhole, receiptText } from './answers.ts'
import { databaseOf, mountGraphRoute } from './requests.ts'

export function mountNodes(app: App, databases: GraphDatabases): void {
  mountGraphRoute(app, 'declareGraphNodes', async (c) => {
    const { nodes } = (await databaseOf(c, databases)).engine
    const { properties, indexes } = await readJson(c, declareGraphNodesRequest)
    await nodes.declare(properties)
    for (const [index, columns] of Object.entries(indexes)) await nodes.createIndex(index, columns)
    return c.json(declarationOf(nodes))
  })
  mountGraphRoute(app, 'setGraphNodes', async (c) => {
    const { engine, compaction } = await databaseOf(c, databases)
    const { nodes } = engine
    const request = await readJson(c, setGraphNodesRequest)
    assertBatch(request.nodes.length, c.var.limits)
    const terms = { unit: request.time_unit, schema: nodes.schema }
    const entries = request.nodes.map(
      ({ node, props }) => [toNode(node), toProps(props, terms)] as const,
    )
    c.var.throwIfAborted()
    const receipt = await nodes.setMany(entries, { durability: request.durability })
    compaction.wrote()
    return jsonWhole(`{${receiptText(receipt)}}`)
  })
  mountGraphRoute(app, 'deleteGraphNodes', async (c) => {
    const { engine, compaction } = await databaseOf(c, databases)
    const request = await readJson(c, deleteGraphNodesRequest)
    assertBatch(request.nodes.length, c.var.limits)
    c.var.throwIfAborted()
    const { durability } = request
    const receipt = await engine.nodes.delete(request.nodes.map(toNode), { durability })
    compaction.wrote()
    return jsonWhole(`{${receiptText(receipt)}}`)
  })
  mountNodeReads(app, databases)
}

function mountNodeReads(app: App, databases: GraphDatabases): void {
  mountGraphRoute(app, 'getGraphNode', async (c) => {
    const { nodes } = (await databaseOf(c, databases)).engine
    const text = c.req.param('node') ?? ''
    const { as_of } = readQuery(c, getGraphNodeQuery)
    const past = as_of === undefined ? {} : { asOf: textToAsOf(as_of) }
    const batch = await nodes.find({ nodes: [textToNode(text)], ...past, signal: c.var.signal })
    const found = firstRow(batch)
    if (found !== undefined) return jsonWhole(found)
    throw new HyperMeshError('not_found', `the node ${printable(text)} has no properties`)
  })
  mountGraphRoute(app, 'findGraphNodes', async (c) => {
    const { nodes } = (await databaseOf(c, databases)).engine
    const request = await readJson(c, findGraphNodesRequest)
    const { limits, signal } = c.var
    const { cursor, columns, as_of, where } = request
    const limit = toPageRows(request.limit, limits)
    takeTerms(request.nodes?.length ?? 0, limits)
    const { schema } = nodes
    const selected = toSelection({ where }, { unit: request.time_unit, schema, limits })
    const batch = await nodes.find({
      ...(request.nodes === undefined ? {} : { nodes: request.nodes.map(toNode) }),
      ...(selected.where === undefined ? {} : { where: selected.where }),
      ...(columns === undefined ? {} : { columns }),
      ...(cursor === undefined ? {} : { cursor }),
      ...(as_of === undefined ? {} : { asOf: as_of }),
      ...{ limit, maxBytes: limits.graphPageBytesMax, signal },
    })
    return jsonWhole(rowsPage('nodes', batch))
  })
}

function declarationOf({ schema }: NodeReader) {
  const { properties, indexes } = schema
  return {
    properties: Object.fromEntries(properties.map(({ name, type }) => [name, type])),
    indexes,
  }
}
