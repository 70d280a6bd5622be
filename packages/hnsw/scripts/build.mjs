// Builds the addon from source when a source is newer than what was built. A script of its own beside the
// engine's: that one ships with the engine, which has to build where nothing else of HyperMesh is.
//
//   node scripts/build.mjs            release
//   node scripts/build.mjs --asan     under AddressSanitizer and UBSan, into build-asan/
//   node scripts/build.mjs --check    builds nothing, exits with 1 when there is something to build
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  closeSync,
  cpSync,
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
import { availableParallelism } from 'node:os'
import { dirname, join, resolve } from 'node:path'

const isAsan = process.argv.includes('--asan')
const packageRoot = resolve(import.meta.dirname, '..')
// Two builds of one directory would take turns in rebuilding all: the sanitized one has a copy.
const root = isAsan ? join(packageRoot, 'build-asan') : packageRoot
const addonPath = join(root, 'build', 'Release', 'hnsw.node')
const stampPath = join(root, 'build', 'hnsw-stamp.json')
const lockPath = join(packageRoot, 'build', 'hnsw-lock')
const inputs = ['binding.gyp', 'package.json', 'native', 'scripts']
const require = createRequire(import.meta.url)

const reason = staleReason()
if (process.argv.includes('--check')) {
  process.exitCode = reason === undefined ? 0 : 1
} else if (reason !== undefined) {
  withLock(() => {
    const still = staleReason()
    if (still !== undefined) build(still)
  })
}

function build(why) {
  // Standard output stays clean: that of the script behind this one may be read by a program.
  console.error(`building the vector index's addon, since ${why} …`)
  const startedAt = new Date()
  if (isAsan) {
    for (const name of inputs) {
      cpSync(join(packageRoot, name), join(root, name), {
        recursive: true,
        preserveTimestamps: true,
      })
    }
  }
  if (readStamp().configuration !== configuration()) {
    nodeGyp(['configure', ...headers(), '--', ...settings()])
  }
  nodeGyp(['build', ...headers(), '--jobs', String(availableParallelism())])
  // make leaves the addon alone where a changed source comes out the same. A source that was changed
  // while it ran is newer than this.
  utimesSync(addonPath, startedAt, startedAt)
  writeFileSync(stampPath, JSON.stringify({ configuration: configuration() }))
}

function settings() {
  return [`-Dhnsw_asan=${Number(isAsan)}`, `-Dhnsw_strict=${Number(Boolean(process.env.CI))}`]
}

/** Why there is something to build; undefined when there is not. */
function staleReason() {
  const builtMs = statSync(addonPath, { throwIfNoEntry: false })?.mtimeMs
  if (builtMs === undefined) return 'it is missing'
  if (readStamp().configuration !== configuration())
    return 'its list of sources or settings changed'
  const newer = sources().find((name) => statSync(join(packageRoot, name)).mtimeMs > builtMs)
  return newer === undefined ? undefined : `${newer} is newer`
}

/** All that decides what `configure` writes. */
function configuration() {
  const hash = createHash('sha256')
  for (const name of ['binding.gyp', 'scripts/list-sources.mjs', 'package.json'])
    hash.update(readFileSync(join(packageRoot, name)))
  const { version, arch, platform } = process
  const { CC, CXX, CXXFLAGS, LDFLAGS } = process.env
  hash.update(
    JSON.stringify([sources(), version, arch, platform, settings(), CC, CXX, CXXFLAGS, LDFLAGS]),
  )
  return hash.digest('hex')
}

function sources() {
  return readdirSync(join(packageRoot, 'native'))
    .filter((name) => /\.(cc|h)$/.test(name))
    .map((name) => join('native', name))
    .sort()
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

function nodeGyp([command, ...rest]) {
  const script = require.resolve('node-gyp/bin/node-gyp.js')
  const { status, error } = spawnSync(
    process.execPath,
    [script, command, '--loglevel=warn', '--release', ...rest],
    {
      cwd: root,
      // make announces each file on standard output.
      stdio: ['ignore', process.argv.includes('--verbose') ? 2 : 'ignore', 2],
    },
  )
  if (error) console.error(`node-gyp: ${error.message}`)
  if (status !== 0) throw new Error(`node-gyp ${command} failed`)
}

/** One build at a time, since two would write the same objects. A lock whose holder is gone is taken. */
function withLock(work) {
  mkdirSync(dirname(lockPath), { recursive: true })
  while (!tryLock()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
  try {
    work()
  } catch (error) {
    console.error(`${error.message}; the lines above say where`)
    console.error('It takes g++, make and python3. On Debian: apt-get install g++ make python3')
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
