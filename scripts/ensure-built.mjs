// Makes a fresh clone ready: run by every script that a person types first. Plain Node, since nothing
// may be installed yet. Says nothing when there is nothing to do.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..')
const needed = [20, 19]
const addonScripts = ['engine', 'packages/hnsw'].map((path) =>
  join(root, path, 'scripts', 'build.mjs'),
)

requireNode()
if (isInstallStale()) {
  // `npm ci` builds too, by the `prepare` script; below finds what that has left.
  console.error('installing dependencies (npm ci) …')
  run('npm', ['ci', '--no-audit', '--no-fund'])
}
const stale = staleWorkspace()
if (stale !== undefined) {
  console.error(`building, since ${stale} is newer than what was built (tsc -b) …`)
  run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-b'])
}
// Each knows itself whether there is something to build, and says so only then.
for (const script of addonScripts.filter(existsSync)) run(process.execPath, [script])

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > needed[0] || (major === needed[0] && minor >= needed[1])) return
  console.error(`Node ${needed.join('.')} or later is needed; this is ${process.versions.node}`)
  process.exit(1)
}

/** npm writes this file last, so it is missing or older after an install that was interrupted. */
function isInstallStale() {
  const installed = modifiedMs(join(root, 'node_modules', '.package-lock.json'))
  return installed === undefined || installed < modifiedMs(join(root, 'package-lock.json'))
}

/** What was changed after its workspace was built; undefined when nothing was. */
function staleWorkspace() {
  for (const { path } of JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')).references) {
    const built = modifiedMs(join(root, path, 'dist', '.tsbuildinfo'))
    if (built === undefined || !existsSync(join(root, path, 'dist', 'index.js'))) return path
    const inputs = ['package.json', 'tsconfig.json', ...sourcesOf(join(root, path))]
    for (const name of [...inputs.map((input) => join(path, input)), 'tsconfig.base.json']) {
      if (modifiedMs(join(root, name)) > built) return name
    }
  }
  return undefined
}

function sourcesOf(workspace) {
  const { compilerOptions } = JSON.parse(readFileSync(join(workspace, 'tsconfig.json'), 'utf8'))
  const folder = compilerOptions?.rootDir ?? 'src'
  return readdirSync(join(workspace, folder), { recursive: true })
    .filter((name) => name.endsWith('.ts') && !/\.(test|bench)\.ts$/.test(name))
    .map((name) => join(folder, name))
}

function modifiedMs(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs
}

function run(command, args) {
  // Output goes to standard error: that of the script behind this one may be read by a program.
  const { status, signal, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] })
  if (error) console.error(`${command}: ${error.message}`)
  if (status !== 0 || signal !== null) process.exit(status ?? 1)
}
