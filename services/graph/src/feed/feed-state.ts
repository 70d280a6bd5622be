import { badSourceRow, graphTimeUnit } from '@hypermesh/contract'
import { z } from 'zod'

/** Snapshot ids are whole numbers of 64 bits, as decimal text. */
const snapshotId = z.string().regex(/^-?\d{1,19}$/)

const boundTable = z.object({
  table: z.string(),
  tableUuid: z.string(),
  /** Field ids of the columns that the mapping names. */
  columns: z.array(z.object({ id: z.number().int(), name: z.string() })),
})

export const feedMapping = z.object({
  time: z.string(),
  until: z.string().optional(),
  time_unit: graphTimeUnit,
  members: z.array(z.object({ column: z.string(), role: z.string().optional() })),
  weight: z.string().optional(),
  label: z.string().optional(),
  key: z.string().optional(),
  properties: z.record(z.string(), z.string()),
})
export type FeedMapping = z.infer<typeof feedMapping>

/**
 * What a hyperedge table is fed from and how far that has come. It is changed in the transaction that
 * has the rows, so that both are there after a crash, or neither.
 */
export const feedState = z.object({
  /** Null: a query. */
  source: boundTable.nullable(),
  query: z.string().nullable(),
  mapping: feedMapping,
  mode: z.enum(['follow', 'manual']),
  onBadRows: z.enum(['fail', 'skip']),
  /** Of the table, what is in whole; null: nothing yet, or a table without a snapshot. */
  snapshotId: snapshotId.nullable(),
  /**
   * What is on its way: the first `rows` rows that lie between `since` and `snapshotId`; of a whole
   * reading, which begins anew, some rows.
   */
  partial: z
    .object({
      kind: z.enum(['appended', 'whole']),
      since: snapshotId.nullable(),
      snapshotId: snapshotId,
      rows: z.number().int(),
    })
    .nullable(),
  /** Of a query: the tables that it read last, and their snapshots. */
  read: z.record(z.string(), snapshotId.nullable()).nullable(),
  rows: z.number().int(),
  badRows: z.object({ count: z.number().int(), samples: z.array(badSourceRow) }),
  repeatedKeys: z.number().int(),
  syncedAt: z.string().nullable(),
})
export type FeedState = z.infer<typeof feedState>

/** True where both make the same hyperedges of the same rows. */
export function isSameFeed(one: FeedState, other: FeedState): boolean {
  const definition = ({ source, query, mapping, onBadRows }: FeedState) =>
    JSON.stringify([source, query, mapping, onBadRows])
  return definition(one) === definition(other)
}

export const samplesMax = 10
