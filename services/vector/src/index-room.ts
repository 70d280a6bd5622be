import { HyperMeshError, type Limits } from '@hypermesh/contract'
import type { PointBatch } from './point-batch.ts'
import type { PointTable } from './point-table.ts'

/** Throws where the index would have more points or metadata fields with the batch than it may. */
export function assertFits(
  table: PointTable,
  { ids, fieldNames }: Pick<PointBatch, 'ids' | 'fieldNames'>,
  limits: Limits,
): void {
  if (table.slotCount + ids.length > limits.vectorPointsMax) {
    throw tooMany('points', 'vector_points_max', limits.vectorPointsMax)
  }
  let fieldCount = table.fields.count
  for (const name of fieldNames) if (!table.fields.has(name)) fieldCount += 1
  if (fieldCount > limits.vectorFieldsMax) {
    throw tooMany('metadata fields', 'vector_fields_max', limits.vectorFieldsMax)
  }
}

function tooMany(what: string, limit: string, countMax: number): HyperMeshError {
  return new HyperMeshError('too_large', `an index has at most ${countMax} ${what}, ${limit}`, {
    details: { limit, countMax },
  })
}
