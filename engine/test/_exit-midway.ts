import { Database } from '../lib/index.ts'

// Ends the process while commits and queries run.
const [path = '', how] = process.argv.slice(2)
const db = await Database.open(path, { durability: 'sync' })
const table = await db.createTable('t')
await table.insertMany(Array.from({ length: 10 }, (_, at) => ({ at, members: [at] })))
// One at a time: the loop stays awake for these.
for (let at = 0; at < 20; at++) await table.insert({ at, members: [at] })
for (let at = 0; at < 200; at++) {
  void table.insert({ at, members: [at] })
  if (at % 10 === 0) void table.find()
}
if (how === 'exit') process.exit(0)
if (how === 'throw') throw new Error('midway')
