import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { errorTable, routes } from '@hypermesh/contract'
import { describe, expect, test } from 'vitest'
import { checkBannedCalls } from './banned-calls.ts'
import { checkConfigKeys } from './config-keys.ts'
import { checkContractCoverage } from './contract-coverage.ts'
import { checkDependencyRanks } from './dependency-ranks.ts'
import { checkEngineLayers } from './engine-layers.ts'
import { checkFileLength } from './file-length.ts'
import { checkFileNames } from './file-names.ts'
import { checkPackageEntries } from './package-entries.ts'
import { checkReadmes } from './readmes.ts'
import { checkBlobs, checkTodos, machinePathCheck } from './repository-contents.ts'
import { type Check, readSourceTree, treeOf } from './source-tree.ts'

/** What a check says of a tree, as it is printed. */
function said(check: Check, files: Readonly<Record<string, string>>): string[] {
  return check(treeOf(files)).map(({ path, line, message, isWarning }) =>
    [`${path}:${line}:`, ...(isWarning ? ['warning:'] : []), message].join(' '),
  )
}

const manifest = (dependencies: Record<string, string>, entries: object = { '.': {} }) =>
  JSON.stringify({ dependencies, exports: entries }, null, 2)

describe('dependency ranks', () => {
  const check = (path: string, dependencies: Record<string, string>) =>
    said(checkDependencyRanks, { [`${path}/package.json`]: manifest(dependencies) })

  test('a dependency down the ranks, and an outside one by its owner, pass', () => {
    expect(
      check('packages/iceberg', { '@hypermesh/object-store': '0.1.0', avsc: '5.7.9' }),
    ).toEqual([])
    expect(check('services/lakehouse', { '@hypermesh/catalog': '0.1.0' })).toEqual([])
  })

  test('a peer dependency has an owner too, also of the engine', () => {
    const files = (peer: string) => ({
      'engine/package.json': JSON.stringify({ peerDependencies: { [peer]: '21.2.0' } }, null, 2),
    })
    expect(said(checkDependencyRanks, files('apache-arrow'))).toEqual([])
    expect(said(checkDependencyRanks, files('avsc'))).toEqual([
      expect.stringContaining('engine/package.json:3: avsc belongs to iceberg'),
    ])
  })

  test.each([
    ['packages/contract', '@hypermesh/kit', '0.1.0', 'contract may not depend on kit'],
    ['services/query', '@hypermesh/catalog', '0.1.0', 'a service may not import a service'],
    ['services/query', 'avsc', '5.7.9', 'avsc belongs to iceberg, use what iceberg exports'],
    ['packages/kit', 'left-pad', '1.0.0', 'left-pad has no owner'],
    ['packages/kit', 'zod', '^4.0.0', 'zod is not pinned'],
    ['packages/novel', 'zod', '4.0.0', 'novel has no rank'],
    ['engine', '@hypermesh/contract', '0.1.0', 'engine may not depend on contract'],
    ['packages/kit', 'node-gyp', '12.4.0', 'node-gyp belongs to engine'],
  ])('%s with %s %s is refused', (path, dependency, version, message) => {
    expect(check(path, { [dependency]: version })).toEqual([
      expect.stringContaining(`${path}/package.json:3: ${message}`),
    ])
  })

  test('a relative import that leaves its package is refused', () => {
    const files = {
      'packages/kit/src/a.ts': "import './b.ts'\nimport { x } from '../../contract/src/names.ts'\n",
      'packages/kit/test/a.test.ts': "import { a } from '../src/a.ts'\n",
      'engine/test/a.test.ts': "import { a } from '../lib/a.ts'\n",
      'engine/lib/tools/a.ts': "import { a } from '../../../packages/kit/src/a.ts'\n",
    }
    expect(said(checkDependencyRanks, files)).toEqual([
      'packages/kit/src/a.ts:2: the import leaves packages/kit, import the package by its name',
      'engine/lib/tools/a.ts:1: the import leaves engine, import the package by its name',
    ])
  })
})

describe('engine layers', () => {
  const check = (path: string, included: string) =>
    said(checkEngineLayers, { [path]: `// What it is.\n#include ${included}\n` })

  test('an include down the layers, of the same one and of the system pass', () => {
    expect(check('engine/core/graph/flush.cc', '"core/storage/wal_writer.h"')).toEqual([])
    expect(check('engine/core/graph/flush.cc', '"include/hypergraph/database.h"')).toEqual([])
    expect(check('engine/include/hypergraph/database.h', '"core/graph/snapshot.h"')).toEqual([])
    expect(check('engine/core/base/crc32c.cc', '<vector>')).toEqual([])
    expect(check('engine/core/base/crc32c_test.cc', '"test/test.h"')).toEqual([])
    expect(check('engine/binding/addon.cc', '<node_api.h>')).toEqual([])
    expect(check('engine/test/model.cc', '"core/query/run.h"')).toEqual([])
  })

  test.each([
    ['core/storage/a.cc', '"core/graph/schema.h"', 'storage may not include core/graph'],
    ['core/storage/a_test.cc', '"core/graph/schema.h"', 'storage may not include core/graph'],
    ['core/index/a.h', '"include/hypergraph/options.h"', 'index may not include include/hyper'],
    ['core/query/a.cc', '"binding/calls.h"', 'query may not include binding'],
    ['core/base/a.cc', '"test/test.h"', 'base may not include test'],
    ['binding/a.cc', '"test/test.h"', 'binding may not include test'],
    ['core/base/a.cc', '<node_api.h>', 'the core knows no Node'],
    ['core/base/a.cc', '"status.h"', 'write the include from engine/'],
    ['core/base/a.cc', '"../base/status.h"', 'write the include from engine/'],
    ['core/novel/a.cc', '<vector>', 'novel is no layer'],
  ])('%s with %s is refused', (path, included, message) => {
    expect(check(`engine/${path}`, included)).toEqual([expect.stringContaining(message)])
  })
})

test('a file of 300 lines passes, of 400 warns, of 401 fails', () => {
  const lines = (count: number) => 'x\n'.repeat(count)
  expect(
    said(checkFileLength, {
      'a.ts': lines(300),
      'b.ts': lines(400),
      'c.ts': lines(401),
      'd.md': lines(999),
      'engine/core/base/e.cc': lines(401),
      'engine/core/base/f.h': lines(300),
    }),
  ).toEqual([
    'b.ts:301: warning: 400 lines, over 300; split it by what it owns',
    'c.ts:401: 401 lines, over 400; split it by what it owns',
    'engine/core/base/e.cc:401: 401 lines, over 400; split it by what it owns',
  ])
})

test('a file named after nothing is refused, one whose role stands last passes', () => {
  const names = [
    'string-utils',
    'helpers',
    'data',
    'data-file',
    'process',
    'base-helper.test',
    'index',
  ]
  const files = Object.fromEntries(names.map((name) => [`packages/kit/src/${name}.ts`, '']))
  expect(said(checkFileNames, files).map((line) => line.split(' ')[1])).toEqual([
    '"string-utils"',
    '"helpers"',
    '"data"',
    '"process"',
    '"base-helper"',
  ])
})

test('a second entry is refused, and export * but of a folder by the entry', () => {
  const files = {
    'packages/kit/package.json': manifest({}, { '.': {}, './inner': {} }),
    'packages/kit/src/index.ts':
      "export { a } from './a.ts'\nexport * from './b.ts'\nexport * from './c/index.ts'\n",
    'packages/kit/src/c/index.ts': "export * from './d/index.ts'\n",
  }
  expect(said(checkPackageEntries, files)).toEqual([
    expect.stringContaining('packages/kit/package.json:1: a package has the one export'),
    expect.stringContaining('packages/kit/src/index.ts:2: export * hides'),
    expect.stringContaining('packages/kit/src/c/index.ts:1: export * hides'),
  ])
})

test('a README is there and short: 150 lines at the root, 60 a package, 40 a service', () => {
  const files = (root: number, kit: number, query: number) => ({
    'README.md': 'x\n'.repeat(root),
    'packages/kit/package.json': '{}',
    'packages/kit/README.md': 'x\n'.repeat(kit),
    'services/query/package.json': '{}',
    'services/query/README.md': 'x\n'.repeat(query),
    'engine/package.json': '{}',
    'engine/README.md': 'x\n'.repeat(kit),
  })
  expect(said(checkReadmes, files(150, 60, 40))).toEqual([])
  expect(said(checkReadmes, files(151, 61, 41))).toHaveLength(4)
  expect(said(checkReadmes, { 'README.md': '', 'packages/a/package.json': '{}' })).toEqual([
    'packages/a/README.md:1: missing, write what this owns',
  ])
})

test('a call with one right place is refused elsewhere, also told what to use', () => {
  const files = {
    'packages/kit/src/clock.ts': 'Date.now()\n',
    'packages/kit/src/a.test.ts': 'Date.now()\n',
    'packages/kit/src/a.ts': '/** Not new Date(). */\nDate.now()\nMath.random()\n',
    'packages/kit/src/timer.ts': 'setTimeout(f, 1)\nsetInterval(f, 1)\nclearInterval(i)\n',
    'packages/kit/src/loose.ts': 'setTimeout(f, 1).unref()\n',
    'services/a/src/routes.ts': "c.req.header('a')\nc.header('a', 'b')\n",
  }
  expect(said(checkBannedCalls, files)).toEqual([
    expect.stringMatching(/^packages\/kit\/src\/a\.ts:2: .*clock in deps$/),
    expect.stringMatching(/^packages\/kit\/src\/a\.ts:3: .*node:crypto$/),
    expect.stringMatching(/^packages\/kit\/src\/timer\.ts:1: setTimeout is neither/),
    expect.stringMatching(/^services\/a\/src\/routes\.ts:2: .*give c\.json the headers$/),
  ])
})

describe('contract coverage', () => {
  const codes = Object.keys(errorTable).map((code) => `'${code}'`)
  const whole: Record<string, string> = {
    'smoke/COVERAGE.md': Object.keys(routes).join('\n'),
    'services/gateway/src/codes.ts': codes.join('\n'),
  }
  for (const [id, { service }] of Object.entries(routes)) {
    whole[`services/${service}/src/routes.ts`] =
      `${whole[`services/${service}/src/routes.ts`] ?? ''}mountRoute(app, '${id}')\n`
  }

  test('a tree that has everything passes', () => {
    expect(said(checkContractCoverage, whole)).toEqual([])
  })

  test('a row that names a test that nobody has is told', () => {
    const coverage = `${whole['smoke/COVERAGE.md']}\n| x | here.test.ts, gone.test.ts |`
    const files = { ...whole, 'smoke/COVERAGE.md': coverage, 'smoke/here.test.ts': '' }
    expect(said(checkContractCoverage, files)).toEqual([
      expect.stringContaining('there is no gone.test.ts'),
    ])
  })

  test('a code that nothing makes, a route not mounted, a route not smoked are told', () => {
    const files = {
      ...whole,
      'smoke/COVERAGE.md': whole['smoke/COVERAGE.md']?.replace('getObject', '') ?? '',
      'services/gateway/src/codes.ts': codes.filter((code) => code !== "'gone'").join('\n'),
      'services/query/src/routes.ts':
        whole['services/query/src/routes.ts']?.replace("mountRoute(app, 'sql')", '') ?? '',
      'services/query/src/routes.test.ts': "'sql'",
    }
    expect(said(checkContractCoverage, files)).toEqual([
      expect.stringContaining('nothing makes the error gone'),
      expect.stringContaining('smoke/COVERAGE.md:1: getObject has no row'),
      expect.stringContaining('query does not mount sql'),
    ])
  })
})

test('each config key is listed under its table, and nothing else is', () => {
  const tree = treeOf({
    'lakehouse.toml': '[log]\n# level = "info"\nlevels = 1\n# [client]\n# url = ""\n',
  })
  const keys = [
    { table: 'log', key: 'level' },
    { table: 'client', key: 'url' },
    { table: 'client', key: 'key' },
  ]
  expect(checkConfigKeys(tree, keys).map(({ line, message }) => [line, message])).toEqual([
    [1, '[client] key is not listed, add it with its default and unit'],
    [3, 'log.levels is no key, remove it'],
  ])
  expect(checkConfigKeys(treeOf({}), keys)).toHaveLength(1)
})

test('a large file, a note without an issue and a path of a machine are refused', () => {
  const large = 'x'.repeat(200_001)
  expect(
    said(checkBlobs, { 'a.bin': large, 'package-lock.json': large, 'b.bin': large.slice(1) }),
  ).toEqual([expect.stringContaining('a.bin:1: 200001 bytes, over 200000')])
  const vectors = (bytes: number) => ({
    'services/vector/word-vectors/static-en.bin': 'x'.repeat(bytes),
  })
  expect(said(checkBlobs, vectors(5_000_000))).toEqual([])
  expect(said(checkBlobs, vectors(5_000_001))).toHaveLength(1)
  const notes = 'TODO(#12): fine\nTODO: later\nFIXME now\nmethodTODO\n'
  expect(said(checkTodos, { 'a.ts': notes, 'b.md': notes })).toEqual([
    expect.stringContaining('a.ts:2: TODO without an issue'),
    expect.stringContaining('a.ts:3: FIXME without an issue'),
  ])
  expect(said(checkTodos, { 'engine/core/base/a.cc': notes })).toHaveLength(2)
  const text = [
    '/srv/clone/a.ts',
    '/ho' + 'me/ann/b.ts',
    'https://x.org/ho' + 'me/ann/',
    '/tmp/x',
  ].join('\n')
  expect(said(machinePathCheck('/srv/clone'), { 'a.md': text })).toEqual([
    expect.stringContaining('a.md:1: a path of this machine'),
    expect.stringContaining('a.md:2: a path of this machine'),
  ])
})

test('the tree is what git has or would take', () => {
  const root = mkdtempSync(join(tmpdir(), 'hypermesh-tidy-'))
  try {
    execFileSync('git', ['init', '-q'], { cwd: root })
    writeFileSync(join(root, '.gitignore'), 'ignored\n')
    writeFileSync(join(root, 'ignored'), '')
    writeFileSync(join(root, 'text.ts'), 'text')
    writeFileSync(join(root, 'binary'), Buffer.from([1, 0, 2]))
    const { texts, bytes } = readSourceTree(root)
    expect([...texts]).toEqual([
      ['.gitignore', 'ignored\n'],
      ['binary', undefined],
      ['text.ts', 'text'],
    ])
    expect(bytes.get('binary')).toBe(3)
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
})
