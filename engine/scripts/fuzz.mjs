// Feeds every target of test/fuzz with what libFuzzer thinks up, a while each, and starts from what it
// found before.
//
//   node scripts/fuzz.mjs                   30 seconds each
//   node scripts/fuzz.mjs --seconds=3600 wal
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const args = process.argv.slice(2)
const seconds = Number(args.find((arg) => arg.startsWith('--seconds='))?.split('=')[1] ?? 30)
const wanted = args.filter((arg) => !arg.startsWith('--'))

const targets = readdirSync(join(root, 'test', 'fuzz'))
  .filter((name) => name.endsWith('.cc'))
  .map((name) => name.slice(0, -'.cc'.length))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))

const built = run('make', ['-s', `-j${availableParallelism()}`, 'BUILD=fuzz', 'fuzz'])
const failed = built ? targets.filter((name) => !fuzz(name)) : targets
for (const name of failed) console.error(`FAILED: ${name}`)
console.log(`${targets.length - failed.length} passed, ${failed.length} failed`)
process.exitCode = failed.length === 0 && targets.length > 0 ? 0 : 1

function fuzz(name) {
  const folder = join('build-fuzz', 'corpus', name)
  mkdirSync(join(root, folder), { recursive: true })
  const limits = [`-max_total_time=${seconds}`, '-timeout=10', '-rss_limit_mb=2048']
  const output = [`-artifact_prefix=${folder}-`, '-print_final_stats=1', '-verbosity=0']
  return run(join(root, 'build-fuzz', 'fuzz', name), [folder, ...limits, ...output])
}

function run(command, options) {
  const { status, error } = spawnSync(command, options, { cwd: root, stdio: 'inherit' })
  if (error) console.error(`${command}: ${error.message}`)
  return status === 0
}
