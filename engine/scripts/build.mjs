// Builds the addon from source when a source is newer than what was built: a compiler, make and
// python3 are all that it takes, and nothing is fetched where Node has its headers beside it.
//
//   node scripts/build.mjs            release
//   node scripts/build.mjs --asan     under AddressSanitizer and UBSan; node then needs them preloaded
//   node scripts/build.mjs --check    builds nothing, exits with 1 when there is something to build
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism, totalmem } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const addonPath = join(root, 'build', 'Release', 'engine.node')
const stampPath = join(root, 'build', 'engine-stamp.json')
const lockPath = join(root, 'build', 'engine-lock')
const isAsan = process.argv.includes('--asan')
const isStrict = Boolean(process.env.CI)

const reason = staleReason()
if (process.argv.includes('--check')) {
  process.exitCode = reason === undefined ? 0 : 1
} else if (reason !== undefined) {
  requireTools()
  withLock(() => {
    const still = staleReason()
    if (still !== undefined) build(still)
  })
}

function build(why) {
  // Standard output stays clean: that of the script behind this one may be read by a program.
  console.error(`building the engine's addon, since ${why} …`)
  const startedAt = new Date()
  const configured = readStamp().configuration === configuration()
  if (!configured) nodeGyp(['configure', ...headers(), '--', ...settings()])
  nodeGyp(['build', ...headers(), '--jobs', String(jobs())])
  // make leaves the addon alone where a changed source comes out the same. A source that was changed
  // while it ran is newer than this.
  utimesSync(addonPath, startedAt, startedAt)
  writeFileSync(stampPath, JSON.stringify({ configuration: configuration() }))
}

// A compiler takes up to half a gibibyte, and a small machine, or a container on a large one, has
// memory for few at a time.
function jobs() {
  const bytes = Math.min(totalmem(), process.constrainedMemory?.() || Infinity)
  return Math.max(1, Math.min(availableParallelism(), Math.floor(bytes / (600 * 2 ** 20))))
}

function settings() {
  return [`-Dengine_asan=${Number(isAsan)}`, `-Dengine_strict=${Number(isStrict)}`]
}

/** Why there is something to build; undefined when there is not. */
function staleReason() {
  const builtMs = statSync(addonPath, { throwIfNoEntry: false })?.mtimeMs
  if (builtMs === undefined) return 'it is missing'
  if (readStamp().configuration !== configuration())
    return 'its list of sources or settings changed'
  const newer = sources().find((name) => statSync(join(root, name)).mtimeMs > builtMs)
  return newer === undefined ? undefined : `${newer} is newer`
}

/** All that decides what `configure` writes. */
function configuration() {
  const hash = createHash('sha256')
  for (const name of ['binding.gyp', 'common.gypi', 'scripts/list-sources.mjs', 'package.json'])
    hash.update(readFileSync(join(root, name)))
  const { version, arch, platform } = process
  const { CC, CXX, CXXFLAGS, LDFLAGS } = process.env
  hash.update(
    JSON.stringify([sources(), version, arch, platform, settings(), CC, CXX, CXXFLAGS, LDFLAGS]),
  )
  return hash.digest('hex')
}

function sources() {
  return ['binding', 'core', 'include'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((name) => /\.(cc|h)$/.test(name) && !name.endsWith('_test.cc'))
      .map((name) => join(folder, name))
      .sort(),
  )
}

function readStamp() {
  return existsSync(stampPath) ? JSON.parse(readFileSync(stampPath, 'utf8')) : {}
}

/** The headers beside this Node, so that node-gyp has none to fetch; its own way where there are none. */
function headers() {
  const prefix = dirname(dirname(realpathSync(process.execPath)))
  const found = existsSync(join(prefix, 'include', 'node', 'node_api.h'))
  return found ? [`--nodedir=${prefix}`] : []
}

function nodeGyp(args) {
  const script = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js')
  const quiet = ['--loglevel=warn', '--release']
  const { status, error } = spawnSync(
    process.execPath,
    [script, ...args.slice(0, 1), ...quiet, ...args.slice(1)],
    {
      cwd: root,
      // make announces each file on standard output.
      stdio: ['ignore', process.argv.includes('--verbose') ? 2 : 'ignore', 2],
    },
  )
  if (error) console.error(`node-gyp: ${error.message}`)
  if (status !== 0) throw new Error(`node-gyp ${args[0]} failed`)
}

/** Ends with what to install, instead of with node-gyp's many lines. */
function requireTools() {
  if (process.platform === 'win32') return
  const wanted = [
    { package: 'g++', commands: [process.env.CXX?.split(' ')[0], 'c++', 'g++', 'clang++'] },
    { package: 'make', commands: ['make', 'gmake'] },
    { package: 'python3', commands: [process.env.PYTHON, 'python3', 'python'] },
  ]
  const missing = wanted
    .filter(({ commands }) => !commands.some(isOnPath))
    .map((tool) => tool.package)
  if (missing.length === 0) return
  console.error(
    `The engine is compiled on this machine, and ${missing.join(', ')} cannot be found.`,
  )
  console.error(`On Debian or Ubuntu: apt-get install ${missing.join(' ')}`)
  process.exit(1)
}

function isOnPath(command) {
  if (command === undefined || command === '') return false
  if (command.includes('/')) return existsSync(command)
  return (process.env.PATH ?? '')
    .split(delimiter)
    .some((folder) => existsSync(join(folder, command)))
}

/** One build at a time, since two would write the same objects. A lock whose holder is gone is taken. */
function withLock(work) {
  mkdirSync(dirname(lockPath), { recursive: true })
  while (!tryLock()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
  try {
    work()
  } catch (error) {
    console.error(`${error.message}; the lines above say where`)
    process.exitCode = 1
  } finally {
    rmSync(lockPath, { force: true })
  }
}

function tryLock() {
  try {
    const file = openSync(lockPath, 'wx')
    writeFileSync(file, String(process.pid))
    closeSync(file)
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
  }
  const holder = Number(existsSync(lockPath) ? readFileSync(lockPath, 'utf8') : '')
  if (holder > 0 && !isAlive(holder)) rmSync(lockPath, { force: true })
  return false
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
