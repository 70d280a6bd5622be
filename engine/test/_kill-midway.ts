import { writeSync } from 'node:fs'
import { Database } from '../lib/index.ts'

// Commits until somebody kills the process: one line of standard output for each acknowledged commit,
// its number, written before the next one begins.
const [path = '', seed = '0'] = process.argv.slice(2)
const db = await Database.open(path, { memtableRecordsMax: 40, durability: 'os' })
const table = db.hasTable('t') ? db.table('t') : await db.createTable('t', { historyMs: 0 })
const updateSeventh = async (at: number) => {
  if (at % 7 === 0) await table.update(table.getByKey(`${at} 0`)?.id ?? 0, { label: 'updated' })
}

let last = table.findSync({ newestFirst: true, limit: 1 }).eventTsMs[0] ?? -1
if (Number(seed) % 3 === 0) void db.backup(`${path}-backup`).catch(() => undefined)
// The kill may have come between the commit and its update.
if (last >= 0) await updateSeventh(last)
while (true) {
  const at = ++last
  await db.transaction((tx) => {
    for (let row = 0; row < 3; row++)
      tx.table('t').insert({ at, members: [row], key: `${at} ${row}` })
  })
  await updateSeventh(at)
  if (at % 11 === 0) void db.compact()
  writeSync(1, `${at}\n`)
}
