import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'hypermesh-clone-'))
})
afterEach(() => {
  rmSync(root, { recursive: true, force: true })
})

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

/** A clone with one package, and a compiler that only does what this script looks at. */
function cloneProject(compilerExit = 0): void {
  const compile = `
    const { mkdirSync, writeFileSync } = require('node:fs')
    mkdirSync('packages/a/dist', { recursive: true })
    for (const name of ['index.js', '.tsbuildinfo']) writeFileSync('packages/a/dist/' + name, '')
    process.exit(${compilerExit})`
  // npm writes its hidden lock file only where it installs something; here nothing is.
  const install = `
    const { copyFileSync, mkdirSync, writeFileSync } = require('node:fs')
    mkdirSync('node_modules/typescript/bin', { recursive: true })
    copyFileSync('compile.cjs', 'node_modules/typescript/bin/tsc')
    writeFileSync('node_modules/.package-lock.json', '{}')`
  const manifest = { name: 'clone', version: '1.0.0', scripts: { prepare: 'node install.cjs' } }
  put('package.json', JSON.stringify(manifest))
  const lock = { name: 'clone', version: '1.0.0', lockfileVersion: 3, requires: true }
  put('package-lock.json', JSON.stringify({ ...lock, packages: { '': { ...manifest } } }))
  put('tsconfig.json', JSON.stringify({ references: [{ path: 'packages/a' }] }))
  put('install.cjs', install)
  put('compile.cjs', compile)
  put('packages/a/package.json', '{}')
  put('packages/a/tsconfig.json', '{}')
  put('packages/a/src/index.ts', '')
  mkdirSync(join(root, 'scripts'))
  const script = fileURLToPath(new URL('./ensure-built.mjs', import.meta.url))
  copyFileSync(script, join(root, 'scripts', 'ensure-built.mjs'))
}

function ensure() {
  const { status, stdout, stderr } = spawnSync('node', [join(root, 'scripts/ensure-built.mjs')], {
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

function change(path: string): void {
  const later = Date.now() / 1000 + 10
  utimesSync(join(root, path), later, later)
}

test('a fresh clone is installed and built, a built one is left alone without a word', () => {
  cloneProject()
  const first = ensure()
  expect(first).toMatchObject({ status: 0, stdout: '' })
  expect(first.stderr).toMatch(/npm ci[\s\S]*tsc -b/)
  expect(ensure()).toEqual({ status: 0, stdout: '', stderr: '' })
})

test('a changed source is named and built, a changed test is not', () => {
  cloneProject()
  put('packages/a/src/index.test.ts', '')
  ensure()
  change('packages/a/src/index.test.ts')
  expect(ensure().stderr).toBe('')
  change('packages/a/src/index.ts')
  expect(ensure().stderr).toContain('packages/a/src/index.ts is newer')
})

test('a changed lock file, or an install that was cut, installs again', () => {
  cloneProject()
  ensure()
  rmSync(join(root, 'node_modules/.package-lock.json'))
  expect(ensure().stderr).toContain('npm ci')
  expect(ensure().stderr).toBe('')
  change('package-lock.json')
  expect(ensure().stderr).toContain('npm ci')
})

test('a workspace whose sources lie elsewhere is built when they change', () => {
  cloneProject()
  put('packages/a/tsconfig.json', JSON.stringify({ compilerOptions: { rootDir: 'lib' } }))
  put('packages/a/lib/index.ts', '')
  ensure()
  change('packages/a/src/index.ts')
  expect(ensure().stderr).toBe('')
  change('packages/a/lib/index.ts')
  expect(ensure().stderr).toContain('packages/a/lib/index.ts is newer')
})

test('the addon is built by its own script, whose failure ends this one', () => {
  cloneProject()
  put('engine/scripts/build.mjs', "console.error('addon'); console.log('make'); process.exit(4)")
  const built = ensure()
  expect(built).toMatchObject({ status: 4, stdout: '' })
  expect(built.stderr).toMatch(/addon/)
})

test('a build that fails ends the script with its exit code', () => {
  cloneProject(3)
  expect(ensure().status).toBe(3)
})
