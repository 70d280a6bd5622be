import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { toPulledStream } from './pulled-stream.ts'

test('a body is taken from its source only as it is read', async () => {
  let made = 0
  const source = new Readable({
    highWaterMark: 65_536,
    read() {
      made++
      this.push(Buffer.alloc(65_536))
    },
  })
  const reader = toPulledStream(source).getReader()
  for (let read = 1; read <= 5; read++) {
    await reader.read()
    for (let turn = 0; turn < 20; turn++) await setImmediate()
    expect(made).toBeLessThanOrEqual(2 * read + 2)
  }
  await reader.cancel()
  expect(source.destroyed).toBe(false)
})

test('a body that breaks tells so', async () => {
  const source = new Readable({
    read() {
      this.destroy(new Error('gone'))
    },
  })
  await expect(toPulledStream(source).getReader().read()).rejects.toThrow('gone')
})
