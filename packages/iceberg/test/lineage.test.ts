import type { IngestMode, Snapshot, TableMetadata } from '@hypermesh/contract'
import { expect, test } from 'vitest'
import {
  contentKeyProperty,
  contentKeySummary,
  createTableMetadata,
  findLoaded,
} from '../src/index.ts'

/** A snapshot as "<operation> <content key>", oldest first; `expired` ones are not kept. */
interface Case {
  readonly fact: string
  readonly snapshots: readonly string[]
  readonly expired?: number
  readonly append: number | undefined
  readonly overwrite: number | undefined
}

const none = undefined
const cases: readonly Case[] = [
  { fact: 'an empty table has nothing', snapshots: [], append: none, overwrite: none },
  { fact: 'the only load is there', snapshots: ['append k'], append: 1, overwrite: 1 },
  { fact: 'one of two loads', snapshots: ['append k', 'append x'], append: 1, overwrite: none },
  {
    fact: 'the newest of equal loads is told',
    snapshots: ['append k', 'append k'],
    append: 2,
    overwrite: none,
  },
  {
    fact: 'a load that replaced everything stands alone',
    snapshots: ['append x', 'overwrite k'],
    append: 2,
    overwrite: 2,
  },
  {
    fact: 'what came before an overwrite is gone',
    snapshots: ['append k', 'overwrite x'],
    append: none,
    overwrite: none,
  },
  {
    fact: 'so it may be after an overwrite of another engine',
    snapshots: ['append k', 'overwrite'],
    append: none,
    overwrite: none,
  },
  {
    fact: 'and after a delete',
    snapshots: ['append k', 'delete'],
    append: none,
    overwrite: none,
  },
  {
    fact: 'a compaction changes no rows',
    snapshots: ['append k', 'replace'],
    append: 1,
    overwrite: 1,
  },
  {
    fact: 'rows of an expired load are still in the table',
    snapshots: ['append x', 'append k'],
    expired: 1,
    append: 2,
    overwrite: none,
  },
  {
    fact: 'also below a compaction',
    snapshots: ['append x', 'append k', 'replace'],
    expired: 1,
    append: 2,
    overwrite: none,
  },
  {
    fact: 'an expired load is not found',
    snapshots: ['append k', 'replace'],
    expired: 1,
    append: none,
    overwrite: none,
  },
  {
    fact: 'what expired below an overwrite has no rows left',
    snapshots: ['append x', 'overwrite k'],
    expired: 1,
    append: 2,
    overwrite: 2,
  },
]

test.each(cases.map((one) => [one.fact, one] as const))('%s', (_, one) => {
  const { snapshots, expired = 0, append, overwrite } = one
  const metadata = tableOf(snapshots.map(snapshotOf).slice(expired), snapshots.length)
  const found = (mode: IngestMode) => findLoaded(metadata, mode, 'k')?.['snapshot-id']
  expect(found('append')).toBe(append)
  expect(found('overwrite')).toBe(overwrite)
})

test('snapshots that name each other as parent end the walk', () => {
  const ring = [1, 2].map((id) => ({
    ...snapshotOf('replace', id - 1),
    'parent-snapshot-id': 3 - id,
  }))
  expect(findLoaded(tableOf(ring, 2), 'append', 'k')).toBeUndefined()
})

test('each of several contents of one snapshot is found, and none is all that the table holds', () => {
  const odd = 'a "quoted", b'
  const group = { ...snapshotOf('append', 0), summary: { operation: 'append' as const } }
  const summary = { ...group.summary, ...contentKeySummary(['j', odd, 'k']) }
  const metadata = tableOf([{ ...group, summary }], 1)
  for (const key of ['j', odd, 'k']) {
    expect(findLoaded(metadata, 'append', key)?.['snapshot-id']).toBe(1)
    expect(findLoaded(metadata, 'overwrite', key)).toBeUndefined()
  }
  for (const key of ['', 'a', '"j"', 'j","k']) {
    expect(findLoaded(metadata, 'append', key)).toBeUndefined()
  }
})

function tableOf(snapshots: Snapshot[], current: number): TableMetadata {
  const created = createTableMetadata(
    { name: 't', schema: { type: 'struct', fields: [] } },
    { uuid: 'u', location: 'file:///w/n/t', nowMs: 1 },
  )
  return { ...created, snapshots, 'current-snapshot-id': current === 0 ? -1 : current }
}

function snapshotOf(text: string, index: number): Snapshot {
  const [operation = '', key] = text.split(' ')
  return {
    'snapshot-id': index + 1,
    ...(index === 0 ? {} : { 'parent-snapshot-id': index }),
    'timestamp-ms': 1,
    'manifest-list': `file:///w/n/t/metadata/${index}.avro`,
    summary: { operation, ...(key === undefined ? {} : { [contentKeyProperty]: key }) },
  }
}
