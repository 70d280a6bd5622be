import { expect, test } from 'vitest'
import { ProgressBar, uploadLine } from '../src/progress-bar.ts'
import { capturedTerminal } from './_captured-terminal.ts'

test.each([
  [
    { bytes: 500_000, bytesTotal: 1_000_000, elapsedMs: 1000 },
    'x.csv  ████████████░░░░░░░░░░░░  50%  500 kB of 1.0 MB  500 kB/s  1.0 s left',
  ],
  [
    { bytes: 0, bytesTotal: 10, elapsedMs: 0 },
    'x.csv  ░░░░░░░░░░░░░░░░░░░░░░░░   0%  0 B of 10 B  0 B/s',
  ],
  [{ bytes: 2000, bytesTotal: undefined, elapsedMs: 1000 }, 'x.csv  2.0 kB sent  2.0 kB/s'],
])('%j reads as a person expects', (state, line) => {
  expect(uploadLine({ label: 'x.csv', ...state })).toBe(line)
})

async function* chunks() {
  yield new Uint8Array(600)
  yield new Uint8Array(400)
}

test('a terminal sees the bar, which leaves no trace', async () => {
  const { terminal, stdout, stderr } = capturedTerminal(100)
  const bar = new ProgressBar(terminal, 'x.csv', { bytesTotal: 1000, quietMs: 0 })
  let bytes = 0
  for await (const chunk of bar.count(chunks())) bytes += chunk.length
  bar.clear()
  expect(bytes).toBe(1000)
  expect(stderr()).toContain('of 1.0 kB')
  expect(stderr()).toContain('loading…')
  expect(stderr().endsWith('\r\u001b[K')).toBe(true)
  expect(stdout()).toBe('')
})

test('a file or a pipe sees nothing', async () => {
  const { terminal, stderr } = capturedTerminal()
  const bar = new ProgressBar(terminal, 'x.csv', { bytesTotal: 1000, quietMs: 0 })
  for await (const chunk of bar.count(chunks())) expect(chunk.length).toBeGreaterThan(0)
  bar.clear()
  expect(stderr()).toBe('')
})

test('what is done at once needs no bar', async () => {
  const { terminal, stderr } = capturedTerminal(100)
  const bar = new ProgressBar(terminal, 'x.csv', { bytesTotal: 1000, quietMs: 60_000 })
  for await (const chunk of bar.count(chunks())) expect(chunk.length).toBeGreaterThan(0)
  bar.clear()
  expect(stderr()).toBe('')
})
