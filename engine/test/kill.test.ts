import { expect, test } from 'vitest'
import { runChild } from './_database.ts'

test('50 kills amid commits, flushes, merges and backups lose nothing acknowledged', {
  timeout: 600_000,
}, async () => {
  const { code, output } = await runChild('_kill-cycles.ts', ['50'])
  expect(output).toMatch(/^50 kills, \d+ commits, nothing lost\n$/)
  expect(code).toBe(0)
})
