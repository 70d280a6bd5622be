import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const demo = fileURLToPath(new URL('../scripts/demo.mjs', import.meta.url))

test('the demo tells its whole story and leaves nothing behind', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [demo])
  expect(stdout).toContain('main.flights  3,000,000 rows')
  // Five questions, two about the past, three to the graph and one of both.
  expect(stdout.match(/^\d+ rows? · /gm)).toHaveLength(11)
  expect(stdout).toMatch(/hyperedges inserted in/)
  expect(stdout).toMatch(/How could .* have led to a change of .*, each commit later/)
  expect(stdout).toMatch(/read 1 of 4 files \(.*\), 3 pruned/)
  expect(stdout).toContain('nothing to do')
  expect(stdout).toMatch(/Stopped, and .* is removed/)
}, 300_000)
