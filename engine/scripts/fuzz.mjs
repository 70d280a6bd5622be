// Feeds every target of test/fuzz with what libFuzzer thinks up, a while each, as many at once as the
// machine has cores. Each starts from its own seeds and from what it found before.
//
//   node scripts/fuzz.mjs                            30 seconds each
//   node scripts/fuzz.mjs --seconds=3600 wal batch   only targets with these in their name
//   node scripts/fuzz.mjs --seed=7                   the numbers of an earlier run
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const args = process.argv.slice(2)
const seconds = Number(option('seconds') ?? 30)
const seed = Number(
  option('seed') ?? process.env.SEED ?? 1 + Math.floor(Math.random() * 0x7fffffff),
)
const out = option('out') ?? 'build-asan'
const wanted = args.filter((arg) => !arg.startsWith('--'))

const targets = readdirSync(join(root, 'test', 'fuzz'))
  .filter((name) => name.endsWith('.cc'))
  .map((name) => name.slice(0, -'.cc'.length))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))

console.log(`SEED=${seed}, ${seconds} s each`)
const failed = build() ? await fuzzAll() : targets
for (const name of failed) console.error(`FAILED: ${name}`)
console.log(`${targets.length - failed.length} passed, ${failed.length} failed`)
process.exitCode = failed.length === 0 && targets.length > 0 ? 0 : 1

function option(name) {
  return args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3)
}

function build() {
  const goals = targets.map((name) => `${out}/fuzz/${name}`)
  const options = ['-s', `-j${availableParallelism()}`, 'BUILD=asan', `OUT=${out}`, ...goals]
  const { status, error } = spawnSync('make', options, { cwd: root, stdio: 'inherit' })
  if (error) console.error(`make: ${error.message}`)
  return status === 0
}

async function fuzzAll() {
  const waiting = [...targets]
  const bad = []
  const lane = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift())
      if (!(await fuzz(name))) bad.push(name)
  }
  await Promise.all(Array.from({ length: availableParallelism() }, lane))
  return bad
}

/** Whether the target found nothing. Its own lines are shown where it did, else only how far it came. */
function fuzz(name) {
  const corpus = join(out, 'corpus', name)
  mkdirSync(join(root, corpus), { recursive: true })
  const options = [
    corpus,
    `-max_total_time=${seconds}`,
    `-seed=${seed}`,
    '-timeout=20',
    '-rss_limit_mb=2048',
    '-max_len=65536',
    `-artifact_prefix=${corpus}-`,
    '-print_final_stats=1',
  ]
  return new Promise((resolve) => {
    const child = spawn(join(root, out, 'fuzz', name), options, { cwd: root })
    let log = ''
    const take = (chunk) => {
      log = (log + chunk).slice(-200_000)
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.on('error', take)
    child.on('close', (status) => {
      if (status === 0) console.log(`${name}: ${summary(log)}`)
      else console.error(`${log}\n${name}: the input is in ${corpus}-*`)
      resolve(status === 0)
    })
  })
}

function summary(log) {
  const number = (pattern) => log.match(pattern)?.at(-1) ?? '?'
  const runs = number(/number_of_executed_units:\s*(\d+)/)
  const edges =
    log
      .match(/cov: \d+/g)
      ?.at(-1)
      ?.slice('cov: '.length) ?? '?'
  return `${runs} inputs, ${edges} edges`
}
