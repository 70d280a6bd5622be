// Kills a writing process with SIGKILL at random moments, over and over on one directory, and looks each
// time that what it acknowledged is there, whole and in order, nothing half, and that `check` is clean.
// Runs what was built: reading the sources would take each writer longer than its life.
//
//   npm run crash -w @hypermesh/engine -- --cycles=1000 --seed=7
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Database } from '../dist/index.js'
import { expectedRows, limits, mix } from './crash-plan.mjs'

const scripts = import.meta.dirname
const cycles = option('cycles', 50)
const seed = option('seed', process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))

console.log(`SEED=${seed}, ${cycles} cycles`)
const directory = mkdtempSync(join(tmpdir(), 'hypergraph-crash-'))
const path = join(directory, 'graph.db')
let state = { last: -1, passed: 0, replayed: 0, torn: 0 }
let failed = 0
try {
  while (state.passed < cycles) state = await cycle(state)
  rmSync(directory, { recursive: true })
} catch (error) {
  failed = 1
  console.error(`cycle ${state.passed}, after operation ${state.last}, in ${path}:`, error)
}
console.log(
  `${state.last + 1} operations, ${state.replayed} commits replayed, ${state.torn} torn bytes cut off`,
)
console.log(`${state.passed} passed, ${failed} failed`)
process.exitCode = failed

function option(name, byDefault) {
  const at = process.argv.findIndex((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`))
  if (at < 0) return byDefault
  return Number(process.argv[at].split('=')[1] ?? process.argv[at + 1])
}

async function cycle(before) {
  const draw = mix(Math.imul(seed, 31) + before.passed)
  const acknowledged = await killWriter(1 + (draw % 40), delayOf(draw >>> 8))
  if (acknowledged.some((number, at) => number !== before.last + 1 + at))
    throw new Error(`acknowledged out of order: ${acknowledged} after ${before.last}`)
  const found = await verify(acknowledged.at(-1) ?? before.last)
  return {
    last: found.last,
    passed: before.passed + 1,
    replayed: before.replayed + found.report.commitsReplayed,
    torn: before.torn + found.report.logBytesTruncated,
  }
}

/** Mostly within a commit or two; each fourth while maintenance runs, which begins 20 ms after the open. */
function delayOf(draw) {
  return draw % 4 === 0 ? 20 + (draw % 41) : draw % 12
}

/** Kills it so many milliseconds after so many commits; returns what it acknowledged. */
async function killWriter(commits, delayMs) {
  const args = [join(scripts, 'crash-writer.mjs'), path, String(seed)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  let armed = false
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text
    if (armed || output.split('\n').length <= commits) return
    armed = true
    setTimeout(() => child.kill('SIGKILL'), delayMs)
  })
  const [code, signal] = await once(child, 'close')
  if (signal !== 'SIGKILL') throw new Error(`the writer ended by itself: ${code ?? signal}`)
  // A line without its end was not said.
  return output.split('\n').slice(0, -1).map(Number)
}

/** Opens for writing, as after any crash, and compares all that is there. */
async function verify(acknowledged) {
  const db = await Database.open(path, { ...limits, create: false })
  const report = db.openReport
  const rows = db.table('t').findSync({ columns: ['id', 'at', 'key', 'weight', 'arity'] })
  const { eventTsMs, ids, keys, weights } = rows
  const last = eventTsMs.at(-1) ?? -1
  if (last < acknowledged)
    throw new Error(`lost: ${acknowledged} was acknowledged, ${last} is there`)
  const arities = rows.values('arity')
  compare(
    keys.map((key, row) => `${key} ${weights[row]} ${arities[row]}`),
    expectedRows(seed, last).map((row) => `${row} 2`),
  )
  // Ids are given in the order of commits.
  if (ids.some((id, row) => row > 0 && eventTsMs[row] > eventTsMs[row - 1] && id < ids[row - 1]))
    throw new Error('operations were committed out of order')
  const { faults } = await db.check()
  if (faults.length > 0) throw new Error(`check: ${faults.join('; ')}`)
  await db.close()
  return { last, report }
}

/** Rows of one operation have no order among themselves. */
function compare(found, expected) {
  const have = new Set(found)
  const missing = expected.filter((row) => !have.has(row))
  const wanted = new Set(expected)
  const surplus = found.filter((row) => !wanted.has(row))
  if (missing.length > 0 || surplus.length > 0 || found.length !== expected.length)
    throw new Error(
      `${missing.length} missing: ${missing[0]}; ${surplus.length} too many: ${surplus[0]}`,
    )
}
