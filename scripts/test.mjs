// `npm test`: vitest with the arguments that are given, then the engine's C++ tests. Those are left out
// when an argument picks tests of vitest.
import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const args = process.argv.slice(2)
const picks = args.some((arg) => !arg.startsWith('-') || arg === '-t')

const vitest = run([join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', ...args])
const native = picks ? 0 : run([join(root, 'engine', 'scripts', 'test.mjs')])
process.exitCode = vitest || native

function run(command) {
  const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' })
  return status ?? 1
}
