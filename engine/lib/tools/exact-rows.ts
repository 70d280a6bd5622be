import type { ColumnBatch } from '../column-batch.ts'
import type { HyperedgeInput } from '../hyperedges.ts'
import { microsNever } from '../instants.ts'
import type { NodeId } from '../node-ids.ts'
import type { PropertyValue } from '../property-values.ts'
import { isValid } from '../result-buffer.ts'
import { propertyColumnName } from '../result-names.ts'
import type { TableSchema } from '../schema.ts'
import type { Hyperedge } from '../table-reader.ts'

/** A hyperedge with instants as bigints of microseconds: nothing is lost on the way out and in. */
export interface ExactHyperedge extends HyperedgeInput {
  readonly id: number
  readonly at: bigint
  readonly until: bigint | null
  readonly members: readonly NodeId[]
  readonly roles: readonly (string | null)[] | null
  readonly weight: number
  readonly label: string | null
  readonly key: string | null
  readonly props?: Readonly<Record<string, PropertyValue>>
}

/** The rows of a find with its default columns. */
export function exactRows(batch: ColumnBatch<Hyperedge>, schema: TableSchema): ExactHyperedge[] {
  const { eventTs, validTo } = batch
  const timestamps = schema.properties
    .filter(({ type }) => type === 'timestamp')
    .map(({ name }) => ({ name, column: batch.column(propertyColumnName(schema.name, name)) }))
  return batch.rows().map((row, place) => {
    const end = validTo[place] ?? microsNever
    const props: Record<string, PropertyValue> = { ...row.props }
    for (const { name, column } of timestamps) {
      const micros = column.values[place]
      const has = isValid(column.validity, place) && typeof micros === 'bigint'
      props[name] = has ? micros : null
    }
    const exact = { ...row, at: eventTs[place] ?? 0n, until: end === microsNever ? null : end }
    return row.props === undefined ? exact : { ...exact, props }
  })
}
