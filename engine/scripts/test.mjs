// The core's tests without Node, in the builds that are named: release (the default), asan, tsan.
//
//   npm test -w @hypermesh/engine -- asan tsan --filter=wal
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const args = process.argv.slice(2)
const builds = args.filter((arg) => !arg.startsWith('--'))
const filter = args.find((arg) => arg.startsWith('--filter='))?.slice('--filter='.length) ?? ''

for (const build of builds.length === 0 ? ['release'] : builds) {
  const jobs = `-j${availableParallelism()}`
  const options = ['-s', jobs, `BUILD=${build}`, 'test', `FILTER=${filter}`]
  const { status, error } = spawnSync('make', options, { cwd: root, stdio: 'inherit' })
  if (error) console.error(`make: ${error.message}`)
  if (status !== 0) process.exitCode = 1
}
