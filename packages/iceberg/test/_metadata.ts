import type { Snapshot, TableMetadata, TableUpdate } from '@hypermesh/contract'
import { expect } from 'vitest'
import { applyUpdates, createTableMetadata } from '../src/index.ts'

export const nowMs = 1_700_000_000_000
export const location = 'file:///w/n/t'
export const created = (over: object = {}) =>
  createTableMetadata(
    { name: 't', schema: { type: 'struct', fields: [column(5, 'a', 'int')] }, ...over },
    { uuid: 'U-1', location, nowMs },
  )
export const column = (id: number, name: string, type: string, required = false) => ({
  id,
  name,
  type,
  required,
})
export const schemaOf = (...fields: ReturnType<typeof column>[]) => ({
  type: 'struct' as const,
  fields,
})
export const snapshot = (id: number | bigint, sequence: number, over: object = {}): Snapshot => ({
  'snapshot-id': id,
  'sequence-number': sequence,
  'timestamp-ms': nowMs + sequence * 1000,
  'manifest-list': `${location}/metadata/snap-${id}.avro`,
  summary: { operation: 'append' },
  'schema-id': 0,
  ...over,
})
export const main = (id: number | bigint): TableUpdate => ({
  action: 'set-snapshot-ref',
  'ref-name': 'main',
  type: 'branch',
  'snapshot-id': id,
})
export const apply = (metadata: TableMetadata, ...updates: TableUpdate[]) =>
  applyUpdates(metadata, updates, { nowMs: nowMs + 60_000 })
export const append = (metadata: TableMetadata, id: number | bigint) => {
  const sequence = Number(metadata['last-sequence-number']) + 1
  return apply(metadata, { action: 'add-snapshot', snapshot: snapshot(id, sequence) }, main(id))
}
export const invalid = expect.objectContaining({ code: 'invalid' })
