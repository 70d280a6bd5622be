// Reopens the database after every crash of many recorded lives: the states that power failures and
// kills may leave the disk in. Fails below 100,000 distinct ones unless told how many lives to take.
//
//   npm run crash-replays -w @hypermesh/engine
//   npm run crash-replays -w @hypermesh/engine -- --scripts 5000 --small 4 --seed 7 --build asan
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const distinctMin = 100_000

const { values } = parseArgs({
  options: {
    scripts: { type: 'string' },
    small: { type: 'string', default: '2' },
    seed: { type: 'string' },
    build: { type: 'string', default: 'release' },
  },
})
const bound =
  values.scripts === undefined
    ? { CRASH_REPLAYS: String(distinctMin) }
    : { CRASH_REPLAYS: '0', CRASH_SCRIPTS: values.scripts }
const seed = values.seed === undefined ? {} : { SEED: values.seed }
const started = Date.now()
const make = ['-s', `-j${availableParallelism()}`, `BUILD=${values.build}`, 'test']
const child = spawn('make', [...make, 'FILTER=crash_test'], {
  cwd: join(import.meta.dirname, '..'),
  env: { ...process.env, CRASH_SMALL: values.small, ...bound, ...seed },
  stdio: ['ignore', 'pipe', 'inherit'],
})
let output = ''
child.stdout.setEncoding('utf8').on('data', (text) => {
  output += text
  process.stdout.write(text)
})
child.on('error', (error) => console.error(`make: ${error.message}`))
child.on('close', (status) => {
  console.log(
    `crash replays took ${Math.round((Date.now() - started) / 1000)} s, building included`,
  )
  const distinct = Number(/^crash replays: (\d+) distinct/m.exec(output)?.[1] ?? 0)
  const tooFew = values.scripts === undefined && distinct < distinctMin
  if (tooFew) console.error(`${distinct} distinct replays are fewer than ${distinctMin}`)
  process.exitCode = status === 0 && !tooFew ? 0 : 1
})
