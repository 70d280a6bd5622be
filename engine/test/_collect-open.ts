import { setTimeout } from 'node:timers/promises'
import { Database } from '../lib/index.ts'

// Leaves databases, snapshots, pages and results behind, and has them collected.
const [path = ''] = process.argv.slice(2)
const collect = (globalThis as { gc?: () => void }).gc ?? (() => undefined)

async function leave(round: number): Promise<void> {
  const db = await Database.open(`${path}-${round}`, { durability: 'os' })
  const table = await db.createTable('t')
  await table.insertMany(Array.from({ length: 100 }, (_, at) => ({ at, members: [at] })))
  db.snapshot()
  db.snapshot().table('t').findSync()
  await table.pages({ pageRows: 10 }).next()
  void table.find()
  void table.insert({ at: 1, members: [1] })
}

for (let round = 0; round < 5; round++) {
  await leave(round)
  for (let turn = 0; turn < 3; turn++) {
    collect()
    await setTimeout(1)
  }
}
process.stdout.write('done\n')
