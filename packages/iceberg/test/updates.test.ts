import type { Snapshot, TableUpdate } from '@hypermesh/contract'
import { parseJson, stringifyJson, tableMetadata } from '@hypermesh/contract'
import { describe, expect, test } from 'vitest'
import { applyUpdates, historyOf, metadataFilesToDelete, snapshotAt } from '../src/index.ts'
import {
  append,
  apply,
  column,
  created,
  invalid,
  location,
  main,
  nowMs,
  schemaOf,
  snapshot,
} from './_metadata.ts'

describe('applyUpdates', () => {
  test('leaves its input alone, and returns it when nothing changes', () => {
    const metadata = created()
    const before = JSON.stringify(metadata)
    append(metadata, 1)
    apply(metadata, { action: 'set-properties', updates: { x: 'y' } })
    expect(JSON.stringify(metadata)).toBe(before)
    expect(
      apply(
        metadata,
        { action: 'remove-properties', removals: ['none'] },
        { action: 'assign-uuid', uuid: 'u-1' },
      ),
    ).toBe(metadata)
  })

  test('-1 names the schema, spec and order added last; equal ones are used again', () => {
    const metadata = apply(
      created(),
      { action: 'add-schema', schema: schemaOf(column(1, 'a', 'long'), column(2, 'b', 'date')) },
      { action: 'set-current-schema', 'schema-id': -1 },
      { action: 'add-spec', spec: { fields: [{ 'source-id': 2, name: 'm', transform: 'month' }] } },
      { action: 'set-default-spec', 'spec-id': -1 },
      {
        action: 'add-sort-order',
        'sort-order': {
          fields: [
            { 'source-id': 1, transform: 'identity', direction: 'asc', 'null-order': 'nulls-last' },
          ],
        },
      },
      { action: 'set-default-sort-order', 'sort-order-id': -1 },
    )
    expect(metadata).toMatchObject({
      'current-schema-id': 1,
      'last-column-id': 2,
      'default-spec-id': 1,
      'last-partition-id': 1000,
      'default-sort-order-id': 1,
    })
    const again = apply(
      metadata,
      { action: 'add-schema', schema: schemaOf(column(1, 'a', 'long'), column(2, 'b', 'date')) },
      { action: 'set-current-schema', 'schema-id': -1 },
      { action: 'add-spec', spec: { fields: [{ 'source-id': 2, name: 'm', transform: 'month' }] } },
      { action: 'set-default-spec', 'spec-id': -1 },
    )
    expect(again).toBe(metadata)
    expect(() => apply(created(), { action: 'set-current-schema', 'schema-id': -1 })).toThrow(
      invalid,
    )
    expect(() => apply(created(), { action: 'set-default-spec', 'spec-id': 4 })).toThrow(invalid)
  })

  test('a schema may replace another only where older files stay readable', () => {
    const metadata = append(created(), 1)
    const replace =
      (...fields: ReturnType<typeof column>[]) =>
      () =>
        apply(
          metadata,
          { action: 'add-schema', schema: schemaOf(...fields) },
          { action: 'set-current-schema', 'schema-id': -1 },
        )
    expect(replace(column(1, 'renamed', 'long'))()['current-schema-id']).toBe(1)
    expect(replace(column(2, 'other', 'string'))()['current-schema-id']).toBe(1)
    expect(replace(column(1, 'a', 'string'))).toThrow(invalid)
    expect(replace(column(1, 'a', 'int', true))).toThrow(invalid)
    expect(replace(column(1, 'a', 'int'), column(2, 'b', 'int', true))).toThrow(invalid)
    expect(replace(column(1, 'a', 'int'), column(2, 'A', 'int'))).toThrow(invalid)
  })

  test('a table is replaced whole, its schema too, in a commit that lets go of main first', () => {
    const replace: TableUpdate[] = [
      { action: 'remove-snapshot-ref', 'ref-name': 'main' },
      { action: 'add-schema', schema: schemaOf(column(1, 'a', 'string', true)) },
      { action: 'set-current-schema', 'schema-id': -1 },
    ]
    const metadata = append(created(), 1)
    const replaced = apply(
      metadata,
      ...replace,
      { action: 'add-snapshot', snapshot: snapshot(2, 2, { 'schema-id': 1 }) },
      main(2),
    )
    expect(replaced).toMatchObject({ 'current-schema-id': 1, 'current-snapshot-id': 2 })
    expect(historyOf(replaced).map((entry) => entry.snapshotId)).toEqual([2, 1])
    expect(() => apply(metadata, ...replace.slice(1)), 'main still holds files').toThrow(invalid)
    expect(() => apply(metadata, ...replace, main(1)), 'and must not hold them again').toThrow(
      invalid,
    )
    expect(() => apply(replaced, main(1))).toThrow(invalid)
  })

  test('main moves the current snapshot and the log; a snapshot only passed is not logged', () => {
    let metadata = append(created(), 1)
    metadata = apply(
      metadata,
      { action: 'add-snapshot', snapshot: snapshot(2, 2) },
      main(2),
      { action: 'add-snapshot', snapshot: snapshot(3n ** 39n, 3, { 'parent-snapshot-id': 2 }) },
      main(3n ** 39n),
    )
    expect(metadata['current-snapshot-id']).toBe(3n ** 39n)
    expect(metadata['snapshot-log']?.map((entry) => entry['snapshot-id'])).toEqual([1, 3n ** 39n])
    expect(metadata['last-sequence-number']).toBe(3)
    const back = apply(metadata, main(1))
    expect(back['snapshot-log']?.map((entry) => entry['snapshot-id'])).toEqual([1, 3n ** 39n, 1])
    expect(parseJson(stringifyJson(metadata))).toEqual(metadata)
  })

  test('snapshots that contradict the table are refused', () => {
    const metadata = append(created(), 1)
    const add = (over: Snapshot) => () =>
      apply(metadata, { action: 'add-snapshot', snapshot: over })
    expect(add(snapshot(1, 2))).toThrow(invalid)
    expect(add(snapshot(2, 1, { 'parent-snapshot-id': 1 }))).toThrow(invalid)
    expect(add(snapshot(2, 2, { 'timestamp-ms': nowMs - 120_000 }))).toThrow(invalid)
    expect(add(snapshot(2, 2, { 'timestamp-ms': nowMs + 120_001 }))).toThrow(invalid)
    expect(add(snapshot(2, 2, { 'timestamp-ms': 9e15 }))).toThrow(invalid)
    expect(add(snapshot(2, 2, { 'timestamp-ms': nowMs + 120_000 }))).not.toThrow()
    const old = { ...metadata, 'last-updated-ms': 0 }
    expect(() =>
      apply(old, { action: 'add-snapshot', snapshot: snapshot(2, 2, { 'timestamp-ms': -1 }) }),
    ).toThrow(invalid)
    expect(add(snapshot(2, 2, { 'schema-id': 9 }))).toThrow(invalid)
    expect(add(snapshot(2, 2, { summary: undefined }))).toThrow(invalid)
    expect(() => apply(metadata, main(99))).toThrow(invalid)
    expect(() => apply(metadata, { ...main(1), type: 'tag' } as TableUpdate)).toThrow(invalid)
  })

  test('a clock that was set back stops nobody who stamps no earlier than the last change', () => {
    const metadata = append(created(), 1)
    const add = (timestampMs: number) => () =>
      applyUpdates(
        metadata,
        [
          {
            action: 'add-snapshot',
            snapshot: snapshot(2, 2, { 'timestamp-ms': timestampMs }),
          },
        ],
        { nowMs: nowMs - 3_600_000 },
      )
    const last = metadata['last-updated-ms']
    expect(add(last)).not.toThrow()
    expect(add(last + 1), 'or it would move on with each commit').toThrow(invalid)
  })

  test('removing snapshots drops the refs to them and the history before a gap', () => {
    const metadata = append(append(append(created(), 1), 2), 3)
    const tagged = apply(metadata, {
      action: 'set-snapshot-ref',
      'ref-name': 'v1',
      type: 'tag',
      'snapshot-id': 1,
    })
    const less = apply(tagged, { action: 'remove-snapshots', 'snapshot-ids': [1] })
    expect(less.refs).toEqual({ main: { type: 'branch', 'snapshot-id': 3 } })
    expect(less['snapshot-log']?.map((entry) => entry['snapshot-id'])).toEqual([2, 3])
    const none = apply(tagged, { action: 'remove-snapshot-ref', 'ref-name': 'main' })
    expect([none['current-snapshot-id'], none['snapshot-log']]).toEqual([-1, []])
  })

  test('other table formats are unsupported', () => {
    for (const version of [1, 3]) {
      expect(() =>
        apply(created(), { action: 'upgrade-format-version', 'format-version': version }),
      ).toThrow(expect.objectContaining({ code: 'unsupported' }))
    }
    expect(() => apply(created(), { action: 'assign-uuid', uuid: 'other' })).toThrow(invalid)
  })

  test('updates alone create a table, as a staged create commits it', () => {
    const metadata = applyUpdates(
      undefined,
      [
        { action: 'assign-uuid', uuid: 'new' },
        { action: 'upgrade-format-version', 'format-version': 2 },
        { action: 'add-schema', schema: schemaOf(column(1, 'a', 'int')), 'last-column-id': 1 },
        { action: 'set-current-schema', 'schema-id': -1 },
        { action: 'add-spec', spec: { fields: [] } },
        { action: 'set-default-spec', 'spec-id': -1 },
        { action: 'add-sort-order', 'sort-order': { fields: [] } },
        { action: 'set-default-sort-order', 'sort-order-id': -1 },
        { action: 'set-location', location },
        { action: 'add-snapshot', snapshot: snapshot(1, 1) },
        main(1),
      ],
      { nowMs },
    )
    expect(tableMetadata.parse(metadata)).toEqual(metadata)
    expect(metadata).toMatchObject({ 'table-uuid': 'new', location, 'current-snapshot-id': 1 })
    expect(() => applyUpdates(undefined, [], { nowMs })).toThrow(invalid)
  })

  test('the metadata log keeps as many files as the table says; the rest may be deleted', () => {
    let metadata = created({ properties: { 'write.metadata.previous-versions-max': '2' } })
    const deleted: string[] = []
    for (let version = 0; version < 5; version += 1) {
      const updates: TableUpdate[] = [{ action: 'set-properties', updates: { v: `${version}` } }]
      const next = applyUpdates(metadata, updates, { nowMs, previousLocation: `m${version}` })
      deleted.push(...metadataFilesToDelete(metadata, next))
      metadata = next
    }
    expect(metadata['metadata-log']?.map((entry) => entry['metadata-file'])).toEqual(['m3', 'm4'])
    expect(deleted).toEqual(['m0', 'm1', 'm2'])
  })
})

describe('time travel', () => {
  const metadata = append(append(created(), 1), 2)

  test('finds a snapshot by id and by the time at which main pointed to it', () => {
    expect(snapshotAt(metadata, { version: 1 })['snapshot-id']).toBe(1)
    expect(snapshotAt(metadata, { timestampMs: nowMs + 1999 })['snapshot-id']).toBe(1)
    expect(snapshotAt(metadata, { timestampMs: nowMs + 2000 })['snapshot-id']).toBe(2)
  })

  test('says what is missing', () => {
    const missing = expect.objectContaining({ code: 'not_found' })
    expect(() => snapshotAt(metadata, { version: 3 })).toThrow(missing)
    expect(() => snapshotAt(metadata, { timestampMs: nowMs })).toThrow(missing)
    expect(() => snapshotAt(created(), { timestampMs: nowMs })).toThrow(missing)
    const far = { ...metadata, 'snapshot-log': [{ 'snapshot-id': 1, 'timestamp-ms': 9e15 }] }
    expect(() => snapshotAt(far, { timestampMs: nowMs })).toThrow(missing)
  })

  test('history is newest first', () => {
    expect(historyOf(metadata).map((entry) => [entry.snapshotId, entry.sequenceNumber])).toEqual([
      [2, 2],
      [1, 1],
    ])
  })
})
