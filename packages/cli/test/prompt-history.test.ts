import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { PromptHistory } from '../src/prompt-history.ts'

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'hypermesh-history-'))
})
afterEach(() => rm(directory, { recursive: true }))

test('statements come back newest first, each on one line, for their owner only', async () => {
  const path = join(directory, 'state', 'sql_history')
  const history = await PromptHistory.open(path)
  await history.add('SELECT 1;')
  await history.add('SELECT 2 -- two\n  FROM t;')
  await history.add('SELECT 2 -- two\n  FROM t;')
  const again = await PromptHistory.open(path)
  expect(again.entries).toEqual(['SELECT 2 /* two */ FROM t;', 'SELECT 1;'])
  expect((await stat(path)).mode & 0o777).toBe(0o600)
})

test('only the newest thousand are offered', async () => {
  const path = join(directory, 'sql_history')
  await writeFile(path, Array.from({ length: 1500 }, (_, index) => `SELECT ${index};\n`).join(''))
  const history = await PromptHistory.open(path)
  expect(history.entries).toHaveLength(1000)
  expect(history.entries[0]).toBe('SELECT 1499;')
})

test('a place that cannot be written does not fail the prompt', async () => {
  await writeFile(join(directory, 'file'), 'x')
  const history = await PromptHistory.open(join(directory, 'file', 'sql_history'))
  await history.add('SELECT 1;')
  expect(history.entries).toEqual(['SELECT 1;'])
  expect(await readFile(join(directory, 'file'), 'utf8')).toBe('x')
})
