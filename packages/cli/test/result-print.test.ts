import type { SqlReply } from '@hypermesh/contract'
import { describe, expect, test } from 'vitest'
import { copyResult, printResult, resultFacts } from '../src/result-print.ts'
import { capturedTerminal } from './_captured-terminal.ts'

const reply: SqlReply = {
  columns: [
    { name: 'city', type: 'VARCHAR' },
    { name: 'seen', type: 'TIMESTAMP' },
    { name: 'total', type: 'DECIMAL(18,2)' },
  ],
  rows: [
    ['Zürich', '2024-01-31T12:00:00', '1.10'],
    [null, null, '-20.00'],
  ],
  rowCount: 2,
  truncated: null,
  elapsedMs: 12.3,
  snapshots: { 'main.t': 7 },
  filesPlanned: 1,
  filesPruned: 3,
  bytesPlanned: 41_000,
  bytesPruned: 1,
  deleteFiles: 0,
  queryId: 'q',
}

describe('printResult', () => {
  test('a table, then what was measured', async () => {
    const { terminal, stdout, stderr } = capturedTerminal(80)
    printResult(terminal, reply)
    expect(stdout()).toBe(`┌─────────┬─────────────────────┬───────────────┐
│ city    │ seen                │         total │
│ varchar │ timestamp           │ decimal(18,2) │
├─────────┼─────────────────────┼───────────────┤
│ Zürich  │ 2024-01-31 12:00:00 │          1.10 │
│ NULL    │ NULL                │        -20.00 │
└─────────┴─────────────────────┴───────────────┘
2 rows · 12 ms · read 1 of 4 files (41.0 kB), 3 pruned
`)
    expect(stderr()).toBe('')
  })

  test('a cut is told, and so are columns that did not fit', () => {
    const { terminal, stderr } = capturedTerminal(24)
    printResult(terminal, { ...reply, truncated: 'rows' })
    expect(stderr()).toContain('cut at 2 rows; --max-rows shows more')
    expect(stderr()).toContain('did not fit')
  })

  test('without a terminal nothing is left out', () => {
    const { terminal, stdout } = capturedTerminal()
    printResult(terminal, { ...reply, rows: [['x'.repeat(300), null, null]], rowCount: 1 })
    expect(stdout()).toContain('x'.repeat(300))
  })

  test.each([
    [{ filesPlanned: 0, filesPruned: 0 }, '2 rows · 12 ms'],
    [{ filesPlanned: 1, filesPruned: 0 }, '2 rows · 12 ms · read 1 file (41.0 kB)'],
    [
      { rowCount: 1, elapsedMs: 2000, filesPlanned: 0 },
      '1 row · 2.0 s · read 0 of 3 files (41.0 kB), 3 pruned',
    ],
  ])('%j reads %s', (part, text) => {
    expect(resultFacts({ ...reply, ...part })).toBe(text)
  })
})

test('a streamed result is copied byte for byte, and its cut is told', async () => {
  const { terminal, stdout, stderr } = capturedTerminal()
  await copyResult(terminal, {
    format: 'csv',
    facts: { truncated: 'rows' },
    body: new Blob(['a,b\r\n1,2\r\n']).stream() as ReadableStream<Uint8Array>,
  })
  expect(stdout()).toBe('a,b\r\n1,2\r\n')
  expect(stderr()).toContain('cut by the limit on rows')
})
