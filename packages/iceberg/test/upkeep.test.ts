import { parseJson, stringifyJson, tableMetadata } from '@hypermesh/contract'
import { describe, expect, test } from 'vitest'
import { append, apply, column, created, invalid, schemaOf } from './_metadata.ts'

const statistics = (id: number, path = 's') => ({
  'snapshot-id': id,
  'statistics-path': path,
  'file-size-in-bytes': 413,
  'file-footer-size-in-bytes': 42,
  'blob-metadata': [
    { type: 'apache-datasketches-theta-v1', 'snapshot-id': id, 'sequence-number': 1, fields: [1] },
  ],
})
const partitionStatistics = (id: number, path = 'p') => ({
  'snapshot-id': id,
  'statistics-path': path,
  'file-size-in-bytes': 43,
})
const twoSnapshots = () => append(append(created(), 1), 2)

describe('updates that change neither rows nor the current schema', () => {
  test('statistics are one file a snapshot, and go with it', () => {
    const metadata = apply(
      twoSnapshots(),
      { action: 'set-statistics', statistics: statistics(1) },
      { action: 'set-statistics', 'snapshot-id': 2, statistics: statistics(2) },
      { action: 'set-statistics', statistics: statistics(2, 'newer') },
      { action: 'set-partition-statistics', 'partition-statistics': partitionStatistics(1) },
      { action: 'set-partition-statistics', 'partition-statistics': partitionStatistics(2) },
    )
    expect(metadata.statistics).toEqual([statistics(1), statistics(2, 'newer')])
    const read = tableMetadata.parse(parseJson(stringifyJson(metadata)))
    expect(read.statistics).toEqual(metadata.statistics)
    const expired = apply(metadata, { action: 'remove-snapshots', 'snapshot-ids': [1] })
    expect(expired.statistics).toEqual([statistics(2, 'newer')])
    expect(expired['partition-statistics']).toEqual([partitionStatistics(2)])
    const removed = apply(
      expired,
      { action: 'remove-statistics', 'snapshot-id': 2 },
      { action: 'remove-partition-statistics', 'snapshot-id': 2 },
    )
    expect([removed.statistics, removed['partition-statistics']]).toEqual([[], []])
    expect(apply(removed, { action: 'remove-statistics', 'snapshot-id': 2 })).toBe(removed)
    expect(() => apply(metadata, { action: 'set-statistics', statistics: statistics(9) })).toThrow(
      invalid,
    )
    expect(() =>
      apply(metadata, { action: 'set-statistics', 'snapshot-id': 1, statistics: statistics(2) }),
    ).toThrow(invalid)
  })

  test('a spec is removed unless it is the default, a schema unless something is read with it', () => {
    const metadata = apply(
      twoSnapshots(),
      { action: 'add-spec', spec: { fields: [{ 'source-id': 1, name: 'p', transform: 'void' }] } },
      { action: 'add-schema', schema: schemaOf(column(1, 'b', 'long')) },
      { action: 'add-schema', schema: schemaOf(column(1, 'c', 'long')) },
      { action: 'set-current-schema', 'schema-id': -1 },
    )
    const tidied = apply(
      metadata,
      { action: 'remove-partition-specs', 'spec-ids': [1, 7] },
      { action: 'remove-schemas', 'schema-ids': [1] },
    )
    expect(tidied['partition-specs'].map((spec) => spec['spec-id'])).toEqual([0])
    expect(tidied.schemas.map((schema) => schema['schema-id'])).toEqual([0, 2])
    const refused = [
      { action: 'remove-partition-specs', 'spec-ids': [1, 0] },
      { action: 'remove-schemas', 'schema-ids': [2] },
      { action: 'remove-schemas', 'schema-ids': [0] },
    ] as const
    for (const update of refused) {
      expect(() => apply(metadata, { ...update } as never)).toThrow(invalid)
    }
  })

  test('encryption keys are kept by their ids', () => {
    const key = { 'key-id': 'k1', 'encrypted-key-metadata': 'bWV0YQ==', properties: { a: 'b' } }
    const metadata = apply(
      created(),
      { action: 'add-encryption-key', 'encryption-key': key },
      { action: 'add-encryption-key', 'encryption-key': { ...key, 'key-id': 'k2' } },
      { action: 'remove-encryption-key', 'key-id': 'k2' },
    )
    expect(metadata['encryption-keys']).toEqual([key])
    expect(apply(metadata, { action: 'add-encryption-key', 'encryption-key': key })).toBe(metadata)
  })
})
