import { tableMetadata } from '@hypermesh/contract'
import { describe, expect, test } from 'vitest'
import { checkRequirements, createTableMetadata } from '../src/index.ts'
import { append, column, created, invalid, location, nowMs, schemaOf } from './_metadata.ts'

describe('createTableMetadata', () => {
  test('assigns ids from 1, the fields of a struct before what is inside them, as Java does', () => {
    const metadata = createTableMetadata(
      {
        name: 't',
        schema: {
          type: 'struct',
          'identifier-field-ids': [90],
          fields: [
            {
              id: 10,
              name: 's',
              required: false,
              type: {
                type: 'struct',
                fields: [
                  {
                    id: 11,
                    name: 'l',
                    required: false,
                    type: {
                      type: 'list',
                      'element-id': 12,
                      element: 'int',
                      'element-required': false,
                    },
                  },
                  column(13, 'x', 'int'),
                ],
              },
            },
            {
              id: 20,
              name: 'm',
              required: false,
              type: {
                type: 'map',
                'key-id': 21,
                key: 'string',
                'value-id': 22,
                value: { type: 'struct', fields: [column(23, 'v', 'int')] },
                'value-required': false,
              },
            },
            column(90, 'last', 'string', true),
          ],
        },
        'partition-spec': { fields: [{ 'source-id': 90, name: 'p', transform: 'bucket[4]' }] },
        'write-order': {
          fields: [
            {
              'source-id': 90,
              transform: 'identity',
              direction: 'asc',
              'null-order': 'nulls-first',
            },
          ],
        },
        properties: { 'format-version': '2', owner: 'me' },
      },
      { uuid: 'u', location, nowMs },
    )
    expect(tableMetadata.parse(metadata)).toEqual(metadata)
    expect(metadata.schemas[0]).toMatchObject({
      'schema-id': 0,
      'identifier-field-ids': [3],
      fields: [
        { id: 1, type: { fields: [{ id: 4, type: { 'element-id': 6 } }, { id: 5 }] } },
        { id: 2, type: { 'key-id': 7, 'value-id': 8, value: { fields: [{ id: 9 }] } } },
        { id: 3 },
      ],
    })
    expect(metadata['last-column-id']).toBe(9)
    expect(metadata['partition-specs'][0]?.fields).toEqual([
      { 'source-id': 3, 'field-id': 1000, name: 'p', transform: 'bucket[4]' },
    ])
    expect(metadata['last-partition-id']).toBe(1000)
    expect(metadata['default-sort-order-id']).toBe(1)
    expect(metadata.properties).toEqual({
      'write.metadata.previous-versions-max': '20',
      'write.metadata.delete-after-commit.enabled': 'true',
      'commit.manifest.min-count-to-merge': '100',
      owner: 'me',
    })
  })

  test('refuses what the format forbids', () => {
    const bad = [
      { schema: schemaOf(column(1, 'a', 'int'), column(2, 'A', 'int')) },
      { schema: schemaOf(column(1, 'a', 'int'), column(1, 'b', 'int')) },
      { schema: schemaOf(column(1, 'a', 'integer')) },
      { schema: schemaOf(column(1, 'a', 'decimal(39,2)')) },
      { 'partition-spec': { fields: [{ 'source-id': 9, name: 'p', transform: 'identity' }] } },
      { 'partition-spec': { fields: [{ 'source-id': 5, name: 'p', transform: 'month' }] } },
      { 'partition-spec': { fields: [{ 'source-id': 5, name: 'a', transform: 'bucket[2]' }] } },
      { 'partition-spec': { fields: [{ 'source-id': 5, name: 'p', transform: 'zorder' }] } },
    ]
    for (const over of bad) expect(() => created(over)).toThrow(invalid)
    const unsupported = expect.objectContaining({ code: 'unsupported' })
    expect(() => created({ schema: schemaOf(column(1, 'a', 'variant')) })).toThrow(unsupported)
    expect(() => created({ properties: { 'format-version': '3' } })).toThrow(unsupported)
    expect(() => created({ properties: { 'format-version': '1' } })).toThrow(unsupported)
  })
})

describe('checkRequirements', () => {
  const conflict = expect.objectContaining({ code: 'conflict' })

  test('each holds in the state it asserts and fails in every other', () => {
    const metadata = append(created(), 7)
    const good = [
      { type: 'assert-table-uuid', uuid: 'u-1' },
      { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': 7 },
      { type: 'assert-ref-snapshot-id', ref: 'other', 'snapshot-id': null },
      { type: 'assert-last-assigned-field-id', 'last-assigned-field-id': 1 },
      { type: 'assert-current-schema-id', 'current-schema-id': 0 },
      { type: 'assert-last-assigned-partition-id', 'last-assigned-partition-id': 999 },
      { type: 'assert-default-spec-id', 'default-spec-id': 0 },
      { type: 'assert-default-sort-order-id', 'default-sort-order-id': 0 },
    ] as const
    checkRequirements(metadata, good)
    for (const requirement of good) {
      expect(() => checkRequirements(undefined, [requirement])).toThrow(conflict)
    }
    const bad = [
      { type: 'assert-create' },
      { type: 'assert-table-uuid', uuid: 'x' },
      { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': 8 },
      { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': null },
      { type: 'assert-ref-snapshot-id', ref: 'main' },
      { type: 'assert-ref-snapshot-id', ref: 'other', 'snapshot-id': 7 },
      { type: 'assert-ref-snapshot-id', ref: 'toString', 'snapshot-id': 7 },
      { type: 'assert-last-assigned-field-id', 'last-assigned-field-id': 2 },
      { type: 'assert-current-schema-id', 'current-schema-id': 1 },
      { type: 'assert-last-assigned-partition-id', 'last-assigned-partition-id': 1000 },
      { type: 'assert-default-spec-id', 'default-spec-id': 1 },
      { type: 'assert-default-sort-order-id', 'default-sort-order-id': 1 },
    ] as const
    for (const requirement of bad) {
      expect(() => checkRequirements(metadata, [requirement])).toThrow(conflict)
    }
    checkRequirements(undefined, [{ type: 'assert-create' }])
  })
})
