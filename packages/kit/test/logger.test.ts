import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

const source = new URL('../src/logger.ts', import.meta.url).href

/** What a process leaves on standard error that logs and then does this, in one turn of its loop. */
function logAndThen(statement: string) {
  const script = `
    import { createLogger } from ${JSON.stringify(source)}
    const logger = createLogger('info')
    for (let n = 0; n < 3; n++) logger.info({ n }, 'line')
    ${statement}`
  const args = ['--import', 'tsx', '--input-type=module', '--eval', script]
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  const lines = stderr.split('\n').filter((line) => line.startsWith('{'))
  return { status, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) }
}

test.each([
  ['process.exit(3)', 3],
  ['throw new Error("unforeseen")', 1],
  ['', 0],
])('lines are out before the process ends by "%s"', (statement, status) => {
  const left = logAndThen(statement)
  expect(left.status).toBe(status)
  expect(left.lines.map(({ n }) => n)).toEqual([0, 1, 2])
  for (const { time, level, msg } of left.lines) {
    expect([level, msg]).toEqual(['info', 'line'])
    expect(new Date(String(time)).toISOString()).toBe(time)
  }
})
