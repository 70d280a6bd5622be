import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Database } from '../lib/index.ts'

// Kills a process amid its commits, flushes, merges and backups, again and again, and looks each time
// that nothing acknowledged is lost: node --import tsx engine/test/_kill-cycles.ts 1000

/** Starts the writer and kills it once it has acknowledged so many commits; returns the last one. */
async function killAfter(path: string, cycle: number, commits: number): Promise<number> {
  const args = [join(import.meta.dirname, '_kill-midway.ts'), path, `${cycle}`]
  const child = spawn(process.execPath, ['--import', 'tsx', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    if (output.split('\n').length > commits) child.kill('SIGKILL')
  })
  const [code, signal] = await once(child, 'close')
  assert.deepEqual([code, signal], [null, 'SIGKILL'])
  return Number(output.trim().split('\n').at(-1))
}

/** Returns the last commit that is there. */
async function verify(path: string, cycle: number, acknowledged: number): Promise<number> {
  await using db = await Database.open(path, { readOnly: true })
  const table = db.table('t')
  const instants = table.findSync({ columns: ['at'] }).eventTsMs
  const last = instants.at(-1) ?? -1
  // At most one more, which nobody was told of; each whole, and none missing before the last.
  assert.ok(last === acknowledged || last === acknowledged + 1, `${last}, but ${acknowledged} came`)
  const whole = Array.from({ length: (last + 1) * 3 }, (_, row) => Math.floor(row / 3))
  assert.deepEqual([...instants], whole)
  const updated = table.findSync({ where: { column: 'label', eq: 'updated' } }).rowCount
  const due = Math.floor(acknowledged / 7) + 1
  assert.ok(updated === due || updated === due + 1, `${updated} updates, ${due} are due`)
  if (cycle % 10 === 0) assert.deepEqual((await db.check()).faults, [])
  return last
}

const cycles = Number(process.argv[2] ?? 50)
const directory = await mkdtemp(join(tmpdir(), 'hypergraph-kill-'))
const path = join(directory, 'graph.db')
let last = -1
for (let cycle = 0; cycle < cycles; cycle++) {
  const acknowledged = await killAfter(path, cycle, 1 + ((cycle * 7) % 40))
  assert.ok(acknowledged > last, `cycle ${cycle}: ${acknowledged} after ${last}`)
  last = await verify(path, cycle, acknowledged)
}
await rm(directory, { recursive: true })
console.log(`${cycles} kills, ${last + 1} commits, nothing lost`)
