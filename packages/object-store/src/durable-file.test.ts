import { mkdirSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HyperMeshError } from '@hypermesh/contract'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openStore, scenarios } from '../test/_steps.ts'
import { removeDurable, writeDurable } from './durable-file.ts'
import { onFaultPoint } from './fault-points.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'hypermesh-durable-'))
})
afterEach(async () => {
  onFaultPoint(undefined)
  await rm(root, { recursive: true, force: true })
})

test.each(Object.keys(scenarios))(
  'a failure at any point of %s leaves the object before or after and says which it may be',
  async (name) => {
    const { key, before, after, step } = scenarios[name] ?? expect.unreachable()
    for (let fatal = 1; ; fatal += 1) {
      const directory = join(root, String(fatal))
      const { store, data } = await openStore(directory)
      if (before !== undefined) await store.put(key, Buffer.from(before))
      let reached = ''
      onFaultPoint((point, at) => {
        if (point !== fatal) return
        reached = at
        throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
      })
      const error = await step(store, data).then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      onFaultPoint(undefined)
      const state = (await store.head(key)) && Buffer.from(await store.read(key)).toString()
      expect([before, after]).toContain(state)
      expect((await readdir(data.temporary)).filter((file) => file.startsWith('draft'))).toEqual([])
      await data[Symbol.asyncDispose]()
      if (reached === '') {
        expect(error).toBeUndefined()
        expect(state).toBe(after)
        expect(fatal).toBeGreaterThan(4)
        return
      }
      if (!(error instanceof HyperMeshError)) throw new Error(`no typed error at ${reached}`)
      expect(error.code).toBe('storage_full')
      if (error.effect === 'none') expect(state, reached).toBe(before)
      if (error.effect === 'committed') expect(state, reached).toBe(after)
    }
  },
)

test('fault points come in the durable order: sync, name, directory', async () => {
  const { store, data } = await openStore(root)
  const names: string[] = []
  onFaultPoint((_, name) => names.push(name))
  await store.put('a', Buffer.from('x'), { ifNoneMatch: '*' })
  expect(names).toEqual(
    ['open', 'write', 'sync', 'link', 'sync-directory'].flatMap((step) => [
      `${step}:before`,
      `${step}:after`,
    ]),
  )
  await data[Symbol.asyncDispose]()
})

test('a directory that another process has just made is synced all the same', async () => {
  const path = join(root, 'new', 'a')
  const names: string[] = []
  onFaultPoint((_, name) => {
    names.push(name)
    if (name === 'make-directory:before') mkdirSync(join(root, 'new'))
  })
  await writeDurable(path, 'x', { mode: 'create', temporary: root })
  expect(names.slice(names.indexOf('make-directory:before'))).toEqual([
    'make-directory:before',
    ...['sync-directory:before', 'sync-directory:after'],
    ...['link:before', 'link:after'],
    ...['sync-directory:before', 'sync-directory:after'],
  ])
})

test('permissions are those asked for', async () => {
  const path = join(root, 'admin.key')
  await writeDurable(path, 'secret', { mode: 'create', temporary: root, permissions: 0o600 })
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect(await readFile(path, 'utf8')).toBe('secret')
})

test('create over a file, a directory or a link throws exists and touches nothing', async () => {
  await writeFile(join(root, 'file'), 'kept')
  await mkdir(join(root, 'directory'))
  for (const name of ['file', 'directory']) {
    const write = writeDurable(join(root, name), 'new', { mode: 'create', temporary: root })
    await expect(write).rejects.toMatchObject({ code: 'exists', effect: 'none' })
  }
  expect((await readdir(root)).sort()).toEqual(['directory', 'file'])
  expect(await readFile(join(root, 'file'), 'utf8')).toBe('kept')
})

test('removing what is not there is no error', async () => {
  expect(await removeDurable(join(root, 'nothing'))).toBe(false)
  expect(await removeDurable(join(root, 'nothing', 'below'))).toBe(false)
  expect(await removeDurable(root)).toBe(false)
})

test('a missing temporary directory is an error, not an endless retry', async () => {
  await chmod(root, 0o700)
  const write = writeDurable(join(root, 'a'), 'x', { mode: 'create', temporary: join(root, 'no') })
  await expect(write).rejects.toMatchObject({ code: 'internal', effect: 'none' })
})
