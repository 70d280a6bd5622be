import { spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { expect, test } from 'vitest'

const source = new URL('../src/logger.ts', import.meta.url).href

/** A process that logs and then does this, in one turn of its loop. */
function run(statement: string, standardError: 'pipe' | number) {
  const script = `
    import { createLogger } from ${JSON.stringify(source)}
    const logger = createLogger('info')
    for (let n = 0; n < 3; n++) logger.info({ n }, 'line')
    ${statement}`
  const args = ['--import', 'tsx', '--input-type=module', '--eval', script]
  const stdio = ['ignore' as const, 'pipe' as const, standardError]
  return spawnSync(process.execPath, args, { encoding: 'utf8', stdio })
}

function logAndThen(statement: string) {
  const { status, stderr } = run(statement, 'pipe')
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

test('a log that cannot be written does not end the process', () => {
  const full = openSync('/dev/full', 'w')
  const later = `setImmediate(() => {
    logger.info('more')
    setImmediate(() => console.log('lives'))
  })`
  const { status, stdout } = run(later, full)
  closeSync(full)
  expect([status, stdout]).toEqual([0, 'lives\n'])
})
