import { z } from 'zod'
import {
  graphDurability,
  graphInstant,
  graphNodeId,
  graphProperties,
  graphPropertyValue,
  graphTimeUnit,
} from './databases.ts'

/** Only that it is an array: its entries are checked where they are encoded, in one pass. */
const listOf = (what: string) =>
  z
    .custom<readonly unknown[]>((value) => Array.isArray(value), `must be an array of ${what}`)
    .meta({ type: 'array', items: { type: 'object' } })

const graphMember = z.union([
  graphNodeId,
  z.strictObject({ node: graphNodeId, role: z.string().nullable().optional() }),
])

/** A hyperedge to insert; rows of an answer are of this form too. */
export const graphHyperedgeInput = z.strictObject({
  at: graphInstant,
  until: graphInstant.nullable().optional().describe('when it stops to hold; null: never'),
  members: z.union([z.array(graphMember), z.record(z.string(), z.array(graphNodeId))]),
  roles: z.array(z.string().nullable()).nullable().optional().describe('one a member'),
  weight: z.number().optional(),
  label: z.string().nullable().optional(),
  key: z
    .string()
    .nullable()
    .optional()
    .describe('while a hyperedge with this key lives, another insert with it writes nothing'),
  props: graphProperties.optional(),
})
export type GraphHyperedgeInput = z.infer<typeof graphHyperedgeInput>

/** A hyperedge as answers have it, with what `columns` asked for; instants are ISO 8601 texts. */
export const graphHyperedge = z.object({
  id: z.number().int().optional(),
  at: z.string().optional(),
  until: z.string().nullable().optional(),
  weight: z.number().optional(),
  label: z.string().nullable().optional(),
  members: z.array(graphNodeId).optional(),
  roles: z.array(z.string().nullable()).nullable().optional(),
  key: z.string().nullable().optional(),
  arity: z.number().int().optional(),
  seq: z.number().int().optional(),
  props: graphProperties.optional(),
})
export type GraphHyperedge = z.infer<typeof graphHyperedge>

export const insertHyperedgesRequest = z.strictObject({
  hyperedges: listOf('hyperedges').describe('{at, members, …}, all of them or none'),
  time_unit: graphTimeUnit,
  durability: graphDurability,
})
export interface InsertHyperedgesRequest {
  readonly hyperedges: readonly GraphHyperedgeInput[]
  readonly time_unit?: z.input<typeof graphTimeUnit>
  readonly durability?: z.input<typeof graphDurability>
}

/** Of a body that is NDJSON or Arrow. */
export const insertHyperedgesQuery = z.object({
  time_unit: graphTimeUnit,
  durability: graphDurability,
})

export const graphReceipt = z.object({
  seq: z.number().int().describe('the commit: as_of takes it'),
  committed_at: z.string(),
  inserted: z.number().int(),
  updated: z.number().int(),
  deleted: z.number().int(),
  duplicates: z.number().int().describe('inserts whose key was taken: they wrote nothing'),
})
export type GraphReceipt = z.infer<typeof graphReceipt>

export const insertHyperedgesReply = graphReceipt.extend({
  ids: z.array(z.number()).describe('of all in order; of a duplicate that which has its key'),
})
export type InsertHyperedgesReply = z.infer<typeof insertHyperedgesReply>

const role = z.string().min(1)
const term = z.union([graphNodeId, z.strictObject({ node: graphNodeId, role: role.optional() })])
const terms = z.array(term).min(1)
const graphMembersFilter = z
  .union([
    term,
    z.strictObject({ all: terms }),
    z.strictObject({ any: terms }),
    z.strictObject({ at_least: z.number().int().min(1), of: terms }),
    z.strictObject({ exactly: terms }),
  ])
  .describe('a node, {node, role}, {all}, {any}, {at_least, of} or {exactly}')
export type GraphMembersFilter = z.infer<typeof graphMembersFilter>

/** Conditions over columns; as in SQL a null satisfies `is_null` alone, under `not` as well. */
export const graphFilter = z
  .custom<Readonly<Record<string, unknown>>>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    'must be an object',
  )
  .meta({ type: 'object' })
  .describe(
    '{column, eq | ne | lt | lte | gt | gte | in | prefix | is_null}, {and: […]}, {or: […]}, {not}',
  )
export type GraphFilter = z.infer<typeof graphFilter>

export const graphAsOf = z.union([z.number().int().min(0), z.string()])

/** Which hyperedges: all that is given must hold. */
export const graphSelection = {
  from: graphInstant.optional().describe('the earliest `at`, included'),
  to: graphInstant.optional().describe('the end of the span of `at`, not included'),
  valid_at: graphInstant.optional().describe('those that hold at this instant'),
  members: graphMembersFilter.optional(),
  ids: z.array(z.number()).min(1).optional(),
  keys: z.array(z.string()).min(1).optional(),
  where: graphFilter.optional(),
}
const point = {
  time_unit: graphTimeUnit,
  as_of: graphAsOf.optional().describe('the number of a commit, or an ISO 8601 instant'),
}
const columns = z.array(z.string()).min(1).max(10_000)
const page = {
  limit: z.number().int().min(1).optional(),
  cursor: z.string().optional().describe('next_cursor of the page before, of the same question'),
}

export const findHyperedgesRequest = z.strictObject({
  ...graphSelection,
  ...point,
  ...page,
  columns: columns.optional().describe('default: all but arity and seq'),
  newest_first: z.boolean().default(false),
})
export type FindHyperedgesRequest = z.input<typeof findHyperedgesRequest>

const count = z.string().regex(/^[1-9]\d{0,8}$/, 'must be a whole number above 0')
const flag = z.enum(['true', 'false'])
export const listHyperedgesQuery = z.strictObject({
  from: z.string().optional(),
  to: z.string().optional(),
  valid_at: z.string().optional(),
  member: z
    .string()
    .optional()
    .describe('a node: digits are an integer, a text in double quotes is always a text'),
  role: role.optional(),
  key: z.string().optional(),
  label: z.string().optional(),
  columns: z.string().optional().describe('names, separated by commas'),
  limit: count.transform(Number).optional(),
  cursor: z.string().optional(),
  as_of: z.string().optional(),
  newest_first: flag.transform((text) => text === 'true').default(false),
  time_unit: graphTimeUnit,
})
export type ListHyperedgesQuery = Readonly<{
  from?: string | number
  to?: string | number
  valid_at?: string | number
  member?: string
  role?: string
  key?: string
  label?: string
  columns?: string
  limit?: number
  cursor?: string
  as_of?: string | number
  newest_first?: boolean
  time_unit?: z.input<typeof graphTimeUnit>
}>

/** Which bound ended the answer early; null: it is whole. */
const truncated = z.enum(['rows', 'bytes', 'frontier']).nullable()
const pageFacts = {
  next_cursor: z.string().nullable(),
  seq: z.number().int().describe('the commit that the answer shows'),
  examined: z.number().int().describe('how many rows were read for it'),
}
export const getHyperedgeQuery = z.strictObject({ as_of: z.string().optional() })

export const graphHyperedgePage = z.object({
  hyperedges: z.array(graphHyperedge),
  ...pageFacts,
})
export type GraphHyperedgePage = z.infer<typeof graphHyperedgePage>

const groupKey = z.union([
  z.strictObject({ bucket_ms: z.number().min(0.001), origin: graphInstant.optional() }),
  z.enum(['node', 'role', 'label']),
  z.strictObject({ property: z.string() }),
])
const measure = z.union([
  z.literal('count'),
  z.strictObject({ sum: z.string() }),
  z.strictObject({ min: z.string() }),
  z.strictObject({ max: z.string() }),
  z.strictObject({ avg: z.string() }),
  z.strictObject({ distinct: z.string() }),
])
export const aggregateHyperedgesRequest = z.strictObject({
  ...graphSelection,
  ...point,
  group_by: z.array(groupKey).max(4).default([]),
  measures: z.record(z.string().min(1).max(64), measure),
  top: z.strictObject({ by: z.string(), count: z.number().int().min(1) }).optional(),
  limit: page.limit,
})
export type AggregateHyperedgesRequest = z.input<typeof aggregateHyperedgesRequest>
export const graphGroups = z.object({
  groups: z.array(z.record(z.string(), z.unknown())),
  truncated,
  seq: pageFacts.seq,
  examined: pageFacts.examined,
})

const walk = {
  from: graphSelection.from,
  to: graphSelection.to,
  valid_at: graphSelection.valid_at,
  where: graphSelection.where,
  ...point,
  hops: z.number().int().min(1).max(255).optional(),
  order: z
    .enum(['strict', 'non_decreasing', 'any'])
    .default('strict')
    .describe('how hyperedges follow each other: each later, each no earlier, or any'),
  from_role: role.optional(),
  to_role: role.optional(),
}
export const expandHyperedgesRequest = z.strictObject({
  seeds: z.array(graphNodeId).min(1),
  ...walk,
  limit: page.limit,
})
export type ExpandHyperedgesRequest = z.input<typeof expandHyperedgesRequest>
const step = z.object({
  node: graphNodeId,
  at: z.string(),
  via: z.number().int().nullable().describe('the hyperedge; null of where it starts'),
  parent: graphNodeId.nullable().describe('the node that it was reached from'),
})
export const graphReached = z.object({
  nodes: z.array(step.extend({ hop: z.number().int() })),
  truncated,
  examined: pageFacts.examined,
  seq: pageFacts.seq,
})
export const hyperedgePathRequest = z.strictObject({
  seed: graphNodeId,
  target: graphNodeId,
  ...walk,
})
export type HyperedgePathRequest = z.input<typeof hyperedgePathRequest>
export const graphPath = z.object({
  steps: z.array(step).describe('none: there is no way'),
  truncated,
  examined: pageFacts.examined,
  seq: pageFacts.seq,
})

const joinSide = z.strictObject({ table: z.string(), ...graphSelection })
export const joinHyperedgesRequest = z.strictObject({
  left: joinSide,
  right: joinSide,
  within_ms: z.number().min(0).optional(),
  distance_ms: z.tuple([z.number(), z.number()]).optional(),
  shared_min: z.number().int().min(1).optional(),
  left_role: role.optional(),
  right_role: role.optional(),
  ...point,
  limit: page.limit,
})
export type JoinHyperedgesRequest = z.input<typeof joinHyperedgesRequest>
export const graphPairs = z.object({
  pairs: z.array(
    z.object({
      left_id: z.number().int(),
      left_at: z.string(),
      right_id: z.number().int(),
      right_at: z.string(),
      node: graphNodeId,
      shared: z.number().int(),
    }),
  ),
  truncated,
  examined: pageFacts.examined,
  seq: pageFacts.seq,
})

export const updateHyperedgesRequest = z.strictObject({
  changes: listOf('changes').describe('{id, …}: what is given changes, a property of null goes'),
  time_unit: graphTimeUnit,
  durability: graphDurability,
})
export interface UpdateHyperedgesRequest {
  readonly changes: readonly (Partial<Omit<GraphHyperedgeInput, 'key'>> & {
    readonly id: number
  })[]
  readonly time_unit?: z.input<typeof graphTimeUnit>
  readonly durability?: z.input<typeof graphDurability>
}

export const deleteHyperedgesRequest = z.strictObject({
  ids: z.array(z.number()).min(1),
  durability: graphDurability,
})
export type DeleteHyperedgesRequest = z.input<typeof deleteHyperedgesRequest>

const entry = z.strictObject({ node: graphNodeId, props: z.record(z.string(), graphPropertyValue) })
const operation = z.union([
  z.strictObject({
    insert: z.strictObject({ table: z.string(), hyperedges: listOf('hyperedges') }),
  }),
  z.strictObject({ update: z.strictObject({ table: z.string(), changes: listOf('changes') }) }),
  z.strictObject({
    delete: z.strictObject({ table: z.string(), ids: z.array(z.number()).min(1) }),
  }),
  z.strictObject({ set_nodes: z.array(entry).min(1) }),
  z.strictObject({ delete_nodes: z.array(graphNodeId).min(1) }),
])
export const graphTransactionRequest = z.strictObject({
  operations: z.array(operation).min(1).describe('one commit: all of them or none'),
  time_unit: graphTimeUnit,
  durability: graphDurability,
})
export type GraphTransactionRequest = z.input<typeof graphTransactionRequest>

export const setGraphNodesRequest = z.strictObject({
  nodes: z.array(entry).min(1),
  time_unit: graphTimeUnit,
  durability: graphDurability,
})
export type SetGraphNodesRequest = z.input<typeof setGraphNodesRequest>
