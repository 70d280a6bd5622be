import { badSourceRow } from '@hypermesh/contract'
import { z } from 'zod'

/** A column by its field id, and the name that it had when it was chosen. */
const column = z.object({ id: z.number().int(), name: z.string() })
export type SourceColumn = z.infer<typeof column>

/** Snapshot ids are whole numbers of 64 bits, as decimal text. */
const snapshotId = z.string().regex(/^-?\d{1,19}$/)

/**
 * What an index follows and how far it has come. It is part of the record that has the rows, so that
 * both are there after a crash, or neither.
 */
export const sourceState = z.object({
  table: z.string(),
  tableUuid: z.string(),
  key: column,
  vector: column.optional(),
  text: column.optional(),
  metadata: z.array(column),
  mode: z.enum(['follow', 'manual']),
  onBadRows: z.enum(['fail', 'skip']),
  /** What the index has whole; null: nothing yet, or a table without a snapshot. */
  snapshotId: snapshotId.nullable(),
  /** Some of its rows may be in the index too; null: it has just what `snapshotId` says. */
  partial: snapshotId.nullable(),
  badRows: z.object({ count: z.number().int(), samples: z.array(badSourceRow) }),
  repeatedKeys: z.number().int(),
  syncedAt: z.string().nullable(),
})
export type SourceState = z.infer<typeof sourceState>

/** True where both index the same columns of the same table in the same way. */
export function isSameSource(one: SourceState, other: SourceState): boolean {
  const definition = ({ table, tableUuid, key, vector, text, metadata, onBadRows }: SourceState) =>
    JSON.stringify([table.toLowerCase(), tableUuid, key, vector, text, metadata, onBadRows])
  return definition(one) === definition(other)
}
