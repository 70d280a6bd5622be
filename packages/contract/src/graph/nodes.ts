import { z } from 'zod'
import { identifier } from '../names.ts'
import {
  graphDurability,
  graphNodeId,
  graphProperties,
  graphPropertyTypes,
  graphTimeUnit,
} from './databases.ts'
import { graphAsOf, graphFilter } from './hyperedges.ts'

/** A node with its properties: only nodes that have some are found. */
export const graphNode = z.object({ node: graphNodeId, props: graphProperties })
export type GraphNode = z.infer<typeof graphNode>

const nodes = z.array(graphNodeId).min(1)

export const declareGraphNodesRequest = z.strictObject({
  properties: z.record(identifier, z.enum(graphPropertyTypes)).default({}),
  indexes: z.record(identifier, z.array(z.string()).min(1).max(2)).default({}),
})
export type DeclareGraphNodesRequest = z.input<typeof declareGraphNodesRequest>
export const graphNodeDeclaration = z.object({
  properties: z.record(z.string(), z.enum(graphPropertyTypes)),
  indexes: z.record(z.string(), z.array(z.string())),
})

export const getGraphNodeQuery = z.strictObject({ as_of: z.string().optional() })

export const findGraphNodesRequest = z.strictObject({
  nodes: nodes.optional(),
  where: graphFilter.optional().describe('conditions on node properties'),
  columns: z.array(z.string()).min(1).optional(),
  limit: z.number().int().min(1).optional(),
  cursor: z.string().optional(),
  as_of: graphAsOf.optional(),
  time_unit: graphTimeUnit,
})
export type FindGraphNodesRequest = z.input<typeof findGraphNodesRequest>
export const graphNodePage = z.object({
  nodes: z.array(graphNode),
  next_cursor: z.string().nullable(),
  seq: z.number().int(),
  examined: z.number().int(),
})

export const deleteGraphNodesRequest = z.strictObject({ nodes, durability: graphDurability })
export type DeleteGraphNodesRequest = z.input<typeof deleteGraphNodesRequest>
