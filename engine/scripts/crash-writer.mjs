// The process that crash.mjs kills: commits one numbered operation after the other, several in flight,
// and says of each on standard output, at once and by itself, that it was acknowledged.
//
//   node scripts/crash-writer.mjs DIRECTORY SEED
import { writeSync } from 'node:fs'
import { Database } from '../dist/index.js'
import { idsOfBatch, isMixed, keep, limits, newestOf, reweighs, rowsOf } from './crash-plan.mjs'

const inFlightMax = 6
const [path = '', seedText = '0'] = process.argv.slice(2)
const seed = Number(seedText)
const db = await Database.open(path, { durability: 'sync', ...limits })
const table = db.hasTable('t')
  ? db.table('t')
  : await db.createTable('t', { historyMs: 0, properties: { rows: 'float64', note: 'string' } })

const inFlight = new Set()
for (let number = newestOf(table) + 1; ; number++) {
  while (inFlight.size >= inFlightMax) await Promise.race(inFlight)
  if (isMixed(number)) {
    // It reads what it deletes, so all before it has to be there.
    await Promise.all(inFlight)
    await commitMixed(number)
    acknowledge(number)
  } else {
    const commit = table.insertMany(rowsOf(seed, number)).then(() => {
      acknowledge(number)
      inFlight.delete(commit)
    })
    inFlight.add(commit)
  }
  if (number % 37 === 0) void db.compact().catch(fail)
  if (number % 23 === 0) void db.flush().catch(fail)
}

/** A deletion, an update and an insert in one commit. */
async function commitMixed(number) {
  const dropped = Array.from({ length: 5 }, (_, at) => number - keep + at)
  await db.transaction((tx) => {
    const rows = tx.table('t')
    rows.delete(dropped.flatMap((batch) => idsOfBatch(table, batch)))
    rows.update(idsOfBatch(table, reweighs(number)), { weight: number })
    for (const row of rowsOf(seed, number)) rows.insert(row)
  })
}

function acknowledge(number) {
  writeSync(1, `${number}\n`)
}

function fail(error) {
  console.error(error)
  process.exit(1)
}
