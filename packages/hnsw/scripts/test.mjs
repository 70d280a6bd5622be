// The tests, in the builds that are named: release (the default), asan. The sanitized addon lies in a copy
// of the package, build-asan, from where they are run.
//
//   npm test -w @hypermesh/hnsw -- asan --filter=image
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const packageRoot = join(import.meta.dirname, '..')
const copy = join(packageRoot, 'build-asan')
const args = process.argv.slice(2)
const builds = args.filter((arg) => !arg.startsWith('--'))
const filters = args.flatMap((arg) => (arg.startsWith('--filter=') ? [arg.slice(9)] : []))
const vitest = join(
  dirname(createRequire(import.meta.url).resolve('vitest/package.json')),
  'vitest.mjs',
)

for (const build of builds.length === 0 ? ['release'] : builds) {
  const status = build === 'asan' ? testSanitized() : testReleased()
  if (status !== 0) process.exitCode = 1
}

function testReleased() {
  const root = join(packageRoot, '..', '..')
  const names =
    filters.length === 0 ? ['packages/hnsw'] : filters.map((name) => `hnsw/test/${name}`)
  return run([vitest, 'run', '--root', root, ...names])
}

function testSanitized() {
  const built = run([join(import.meta.dirname, 'build.mjs'), '--asan'])
  if (built !== 0) return built
  for (const folder of ['src', 'test']) {
    rmSync(join(copy, folder), { recursive: true, force: true })
    mkdirSync(join(copy, folder))
    cpSync(join(packageRoot, folder), join(copy, folder), { recursive: true })
  }
  const libraries = ['libasan.so', 'libubsan.so', 'libstdc++.so.6'].map((name) =>
    spawnSync('gcc', [`-print-file-name=${name}`], { encoding: 'utf8' }).stdout.trim(),
  )
  const config = {
    test: {
      include: ['test/**/*.test.ts'],
      // Ten times slower, and never a sign of a fault by itself.
      testTimeout: 900_000,
      hookTimeout: 900_000,
      // Of the process that loads the addon; the one that transforms sources for it goes without.
      env: {
        LD_PRELOAD: libraries.join(' '),
        // V8 keeps what it likes until the end; and it catches signals of its own.
        ASAN_OPTIONS: 'detect_leaks=0:halt_on_error=1:abort_on_error=1',
        UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
      },
    },
  }
  writeFileSync(join(copy, 'vitest.config.mjs'), `export default ${JSON.stringify(config)}\n`)
  return run([vitest, 'run', '--root', copy, '--maxWorkers=1', '--no-isolate', ...filters])
}

function run(command) {
  const { status } = spawnSync(process.execPath, command, { stdio: 'inherit' })
  return status ?? 1
}
