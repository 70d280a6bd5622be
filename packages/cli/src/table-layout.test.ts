import { describe, expect, test } from 'vitest'
import { cellText, textWidth } from './cell-text.ts'
import { layoutTable } from './table-layout.ts'

const text = (options: Parameters<typeof layoutTable>[0]) => layoutTable(options).lines.join('\n')

describe('layoutTable', () => {
  test('names, types, numbers to the right, NULL shown', () => {
    expect(
      text({
        columns: [
          { name: 'species', type: 'VARCHAR' },
          { name: 'grams', type: 'BIGINT', right: true },
        ],
        rows: [
          ['Adelie', '3700'],
          [null, '12'],
        ],
      }),
    ).toBe(
      [
        '┌─────────┬────────┐',
        '│ species │  grams │',
        '│ varchar │ bigint │',
        '├─────────┼────────┤',
        '│ Adelie  │   3700 │',
        '│ NULL    │     12 │',
        '└─────────┴────────┘',
      ].join('\n'),
    )
  })

  test('wide characters and emoji keep the borders in line', () => {
    const { lines } = layoutTable({
      columns: [{ name: '名前' }, { name: 'n', right: true }],
      rows: [
        ['東京', '1'],
        ['👩‍👩‍👧 ok', '22'],
        ['e\u0301te\u0301', '3'],
      ],
    })
    expect(new Set(lines.map(textWidth)).size).toBe(1)
  })

  test('without a width nothing is cut', () => {
    expect(text({ columns: [{ name: 'a' }], rows: [['x'.repeat(500)]] })).toContain('x'.repeat(500))
  })

  test.each([20, 30, 40, 60, 79, 80, 200])('in %i columns every line fits', (width) => {
    const { lines } = layoutTable({
      columns: Array.from({ length: 4 }, (_, index) => ({ name: `column ${index}` })),
      rows: [
        ['short', 'y'.repeat(50), '漢'.repeat(40), '1'],
        [null, 'z'.repeat(200), '', 'end'],
      ],
      width,
    })
    const widths = new Set(lines.map(textWidth))
    expect(widths.size).toBe(1)
    expect([...widths][0]).toBeLessThanOrEqual(width)
  })

  test('wide columns are cut, narrow ones are not', () => {
    const shown = text({
      columns: [{ name: 'id' }, { name: 't' }],
      rows: [['42', 'x'.repeat(90)]],
      width: 30,
    })
    expect(shown).toContain('│ 42 │ xxxxxxxxxxxxxxxxxxxx… │')
  })

  test('columns that do not fit at all are left out of the middle and counted', () => {
    const names = Array.from({ length: 40 }, (_, index) => `column_${index}`)
    const table = layoutTable({
      columns: names.map((name) => ({ name })),
      rows: [names],
      width: 60,
    })
    expect(table.lines[1]).toContain('column_0')
    expect(table.lines[1]).toContain('column_…')
    expect(table.lines[1]).toContain(' … ')
    expect(table.columnsHidden).toBeGreaterThan(30)
    for (const line of table.lines) expect(textWidth(line)).toBeLessThanOrEqual(60)
  })

  test('a table without rows or with one empty name is still a table', () => {
    expect(layoutTable({ columns: [{ name: 'a' }], rows: [] }).lines).toHaveLength(4)
  })
})

describe('cellText', () => {
  test.each([
    ['2024-01-31T12:00:00.5', 'TIMESTAMP', '2024-01-31 12:00:00.5'],
    ['2024-01-31T12:00:00Z', 'TIMESTAMP WITH TIME ZONE', '2024-01-31 12:00:00Z'],
    ['THE', 'VARCHAR', 'THE'],
    ['a\nb\tc\u001b[31m', 'VARCHAR', 'a\\nb\\tc\\u{1b}[31m'],
    [[1, null, 'x'], 'VARCHAR[]', '[1,null,"x"]'],
    [true, 'BOOLEAN', 'true'],
    ['1.10', 'DECIMAL(4,2)', '1.10'],
    [9, 'DOUBLE', '9.0'],
    [9, 'BIGINT', '9'],
    [1e300, 'DOUBLE', '1e+300'],
    ['NaN', 'DOUBLE', 'NaN'],
  ])('%j of type %s reads %s', (value, type, expected) => {
    expect(cellText(value, { name: 'c', type })).toBe(expected)
  })
})
