import type { Database } from '@hypermesh/engine'
import { createLogger } from '@hypermesh/kit'
import { expect, test } from 'vitest'
import { CompactionThreshold } from './compaction-threshold.ts'

/** A database in which one record waits for ever, and whose compactions end when told to. */
function slowDatabase() {
  const ends: (() => void)[] = []
  const engine = {
    hasTable: () => true,
    table: () => ({ getByKey: () => ({ props: { value: 1 } }) }),
    stats: async () => ({ memtableRecords: 1 }),
    compact: () => new Promise<void>((resolve) => ends.push(resolve)),
  }
  return { engine: engine as unknown as Database, ends }
}

async function microtasks(count: number): Promise<void> {
  for (let step = 0; step < count; step += 1) await undefined
}

test('a write that comes as a look ends is looked at too', async () => {
  for (let step = 0; step < 12; step += 1) {
    const { engine, ends } = slowDatabase()
    const threshold = new CompactionThreshold(engine, createLogger('silent'))
    threshold.wrote()
    await microtasks(12)
    expect(ends).toHaveLength(1)
    ends.shift()?.()
    await microtasks(step)
    threshold.wrote()
    await microtasks(24)
    expect(ends, `${step} steps after`).toHaveLength(1)
  }
})
