import { HyperMeshError } from '@hypermesh/contract'
import { expect, test } from 'vitest'
import { withPosition } from './sql-session.ts'

test.each([
  ['SELECT 1\nFROM x y z', 2, 8, 'wrong\n  FROM x y z\n         ^'],
  ["SELECT '東京' FRM t", 1, 13, "wrong\n  SELECT '東京' FRM t\n                ^"],
  [`SELECT ${'a'.repeat(200)} b`, 1, 209, `wrong\n  ${'a'.repeat(38)} b\n  ${' '.repeat(39)}^`],
  ['SELECT 1', 9, 1, 'wrong'],
])('%j at line %i, column %i is pointed at', (sql, line, column, message) => {
  const error = new HyperMeshError('invalid', 'wrong', { details: { line, column } })
  expect((withPosition(error, sql) as Error).message).toBe(message)
})
