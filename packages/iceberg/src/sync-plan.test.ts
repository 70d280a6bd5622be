import type { Snapshot, TableMetadata } from '@hypermesh/contract'
import { expect, test } from 'vitest'
import { lagOf, planSync } from './sync-plan.ts'

/** Snapshots 1, 2, … of these operations, each the child of the one before, and the current one. */
function table(operations: readonly string[], current = operations.length): TableMetadata {
  const snapshots = operations.map(
    (operation, at): Snapshot => ({
      'snapshot-id': at + 1,
      ...(at === 0 ? {} : { 'parent-snapshot-id': at }),
      'timestamp-ms': at,
      'manifest-list': 'list',
      summary: { operation, 'added-records': '10' },
    }),
  )
  // All that a plan looks at.
  return { snapshots, 'current-snapshot-id': current } as unknown as TableMetadata
}

const at = (snapshotId: string | null, partial: string | null = null) => ({ snapshotId, partial })
const appends = ['append', 'append', 'append', 'append']

test.each([
  ['a table without a snapshot and an index that has nothing', table([], -1), at(null), 'none'],
  ['a table that lost its snapshots', table([], -1), at('1'), 'empty'],
  ['the same snapshot', table(appends), at('4'), 'none'],
  ['the first reading', table(appends), at(null), 'whole'],
  ['appends', table(appends), at('2'), 'append'],
  [
    'appends after files were written anew',
    table(['append', 'replace', 'append']),
    at('2'),
    'append',
  ],
  ['only files written anew', table(['append', 'replace', 'replace']), at('1'), 'note'],
  ['files written anew, then appends', table(['append', 'replace', 'append']), at('1'), 'note'],
  ['files written anew after appends', table(['append', 'append', 'replace']), at('1'), 'whole'],
  ['a delete among appends', table(['append', 'delete', 'append']), at('1'), 'whole'],
  ['an overwrite', table(['append', 'overwrite']), at('1'), 'whole'],
  ['an operation that nobody knows', table(['append', 'merge']), at('1'), 'whole'],
  ['a snapshot that expired', table(appends), at('99'), 'whole'],
  ['a rollback', table(appends, 2), at('4'), 'whole'],
  ['a part of a later snapshot', table(appends), at('2', '3'), 'append'],
  [
    'a part of one that was rolled back, back where it began',
    table(appends, 2),
    at('2', '3'),
    'whole',
  ],
  ['a part of one on a way not taken', table(appends, 3), at('2', '4'), 'whole'],
  ['a part, and files written anew', table(['append', 'replace']), at('1', '2'), 'whole'],
  ['a part of the first reading', table(appends), at(null, '4'), 'whole'],
])('%s', (_, metadata, position, kind) => {
  expect(planSync(metadata, position)).toMatchObject({ kind })
})

test('how far behind is told where the history tells it', () => {
  expect(lagOf(table(appends), at('2'))).toEqual({ snapshotsBehind: 2, rowsBehind: 20 })
  expect(lagOf(table(['append', 'replace']), at('1'))).toEqual({
    snapshotsBehind: 1,
    rowsBehind: 0,
  })
  expect(lagOf(table(['append', 'overwrite']), at('1'))).toEqual({ snapshotsBehind: 1 })
  expect(lagOf(table(appends, 2), at('4'))).toEqual({})
  expect(lagOf(table([], -1), at(null))).toEqual({ snapshotsBehind: 0, rowsBehind: 0 })
})
