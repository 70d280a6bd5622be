import { Database } from '../lib/index.ts'

// Reads and writes until V8 has compiled them, with nothing of theirs held when garbage is collected.
const [path = ''] = process.argv.slice(2)
const collect = (globalThis as { readonly gc?: () => void }).gc
if (collect === undefined) throw new Error('run it with --expose-gc')
await using db = await Database.open(path)
const table = await db.createTable('t')
await table.insertMany(Array.from({ length: 100 }, (_, at) => ({ at, members: [at % 10] })))

function read(members: number): number {
  const { ids, members: keys } = table.findSync({ members, columns: ['id', 'members'] })
  return (ids[0] ?? 0) + Number(keys[0] ?? 0)
}

/** What it makes has a shape that nothing keeps, so that the test sees what V8 says of such. */
let made: { readonly neverKept?: number } | undefined
function makeForgotten(at: number): number {
  const one: { neverKept?: number } = {}
  one.neverKept = at
  made = one
  return made.neverKept ?? 0
}

for (let round = 0; round < 3; round++) {
  for (let at = 0; at < 10_000; at++) {
    read(at % 10)
    makeForgotten(at)
  }
  made = undefined
  // What the last call made is still on this stack until another turn.
  await new Promise((resolve) => setImmediate(resolve))
  collect()
}
process.stdout.write('done')
