import { parentPort, workerData } from 'node:worker_threads'
import { Database } from '../lib/index.ts'

// Works without end; whoever started the thread ends it.
const db = await Database.open(workerData.path, { durability: 'os' })
const table = await db.createTable('t')
await table.insert({ at: 0, members: [0] })
parentPort?.postMessage('working')
for (let at = 1; ; at++) {
  const row = { at, members: [at % 100, 100] }
  await Promise.all([table.insert(row), table.insert(row), table.find({ members: 100 })])
}
