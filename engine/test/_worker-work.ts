import { parentPort, workerData } from 'node:worker_threads'
import { Database } from '../lib/index.ts'

// Works without end; whoever started the thread ends it.
const db = await Database.open(workerData.path, { durability: 'os' })
const table = await db.createTable('t')
await table.insert({ at: 0, members: [0] })
// One at a time, so that it is ended while it waits for a single commit.
for (let at = 1; workerData.isAlone; at++) {
  await table.insert({ at, members: [at % 100] }, { durability: 'sync' })
  if (at === 10) parentPort?.postMessage('working')
}
parentPort?.postMessage('working')
for (let at = 1; ; at++) {
  const row = { at, members: [at % 100, 100] }
  await Promise.all([table.insert(row), table.insert(row), table.find({ members: 100 })])
}
