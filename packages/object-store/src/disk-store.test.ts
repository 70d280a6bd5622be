import { execFileSync } from 'node:child_process'
import { getEventListeners } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openStore } from '../test/_steps.ts'
import type { DataDirectory } from './data-directory.ts'
import { DiskStore } from './disk-store.ts'
import { onFaultPoint } from './fault-points.ts'

let outer: string
let root: string
let store: DiskStore
let data: DataDirectory
beforeEach(async () => {
  outer = await mkdtemp(join(tmpdir(), 'hypermesh-disk-'))
  const opened = await openStore(join(outer, 'data'))
  store = opened.store
  data = opened.data
  root = join(data.root, 'objects')
})
afterEach(async () => {
  await data[Symbol.asyncDispose]()
  await rm(outer, { recursive: true, force: true })
})

describe('symbolic links below the root', () => {
  beforeEach(async () => {
    await mkdir(join(outer, 'outside'))
    await writeFile(join(outer, 'outside', 'secret'), 'secret')
    await symlink(join(outer, 'outside'), join(root, 'directory'))
    await symlink(join(outer, 'outside', 'secret'), join(root, 'file'))
    await symlink(join(outer, 'outside', 'absent'), join(root, 'dangling'))
  })

  test.each([
    ...['directory/secret', 'directory/new', 'directory/deep/new'],
    ...['file', 'dangling', 'dangling/new'],
  ])('%s is forbidden to every call', async (key) => {
    const forbidden = { code: 'forbidden' }
    await expect(store.put(key, Buffer.from('x'))).rejects.toMatchObject(forbidden)
    const create = store.put(key, Buffer.from('x'), { ifNoneMatch: '*' })
    await expect(create).rejects.toMatchObject(forbidden)
    await expect(store.get(key)).rejects.toMatchObject(forbidden)
    await expect(store.head(key)).rejects.toMatchObject(forbidden)
    await expect(store.delete(key)).rejects.toMatchObject(forbidden)
    expect(await readdir(join(outer, 'outside'))).toEqual(['secret'])
    expect(await readFile(join(outer, 'outside', 'secret'), 'utf8')).toBe('secret')
  })

  test('are not in the list', async () => {
    await store.put('real', Buffer.from('x'))
    expect((await store.list({ limit: 10 })).objects.map(({ key }) => key)).toEqual(['real'])
    expect(await store.list({ prefix: 'directory/', limit: 10 })).toMatchObject({ objects: [] })
  })
})

test('an object inside an object is refused, both ways round, and both stay usable', async () => {
  await store.put('a', Buffer.from('file'))
  for (const key of ['a/b', 'a/b/c']) {
    await expect(store.put(key, Buffer.from('x'))).rejects.toMatchObject({ code: 'invalid_name' })
  }
  await store.put('d/e', Buffer.from('below'))
  const write = store.put('d', Buffer.from('x'), { ifNoneMatch: '*' })
  await expect(write).rejects.toMatchObject({ code: 'invalid_name', details: { key: 'd' } })
  await expect(store.put('d', Buffer.from('x'))).rejects.toMatchObject({ code: 'invalid_name' })
  expect((await store.list({ limit: 9 })).objects.map(({ key }) => key)).toEqual(['a', 'd/e'])
})

test('a collision that arises while the body comes in is refused too', async () => {
  const body = async function* () {
    await store.put('a/b', Buffer.from('first'))
    yield Buffer.from('x')
  }
  await expect(store.put('a', body())).rejects.toMatchObject({ code: 'invalid_name' })
  const below = async function* () {
    await store.put('c', Buffer.from('first'))
    yield Buffer.from('x')
  }
  await expect(store.put('c/d', below())).rejects.toMatchObject({ code: 'invalid_name' })
  expect((await store.list({ limit: 9 })).objects.map(({ key }) => key)).toEqual(['a/b', 'c'])
})

test('a delete removes the directories that it empties, never the root', async () => {
  await store.put('a/b/c/d', Buffer.from('x'))
  await store.put('a/e', Buffer.from('x'))
  await store.delete('a/b/c/d')
  expect(await readdir(join(root, 'a'))).toEqual(['e'])
  await store.delete('a/e')
  expect(await readdir(root)).toEqual([])
})

test('a named pipe is no object and holds nothing up', async () => {
  execFileSync('mkfifo', [join(root, 'pipe')])
  await expect(store.get('pipe')).rejects.toMatchObject({ code: 'not_found' })
  expect(await store.head('pipe')).toBeUndefined()
  expect((await store.list({ limit: 9 })).objects).toEqual([])
})

test('names on disk that are no keys are not listed', async () => {
  execFileSync('touch', [join(root, 'back\\slash'), join(root, 'new\nline')])
  execFileSync('sh', ['-c', 'touch "$(printf "\\377bad")"'], { cwd: root })
  await store.put('good', Buffer.from('x'))
  expect((await store.list({ limit: 9 })).objects.map(({ key }) => key)).toEqual(['good'])
})

test('a file that shrinks while it is read is corrupt, not silently short', async () => {
  await store.put('a', Buffer.alloc(1_000_000))
  await using object = await store.get('a')
  await writeFile(join(root, 'a'), 'short')
  const readAll = async () => {
    for await (const _ of object.body);
  }
  await expect(readAll()).rejects.toMatchObject({ code: 'corrupt' })
})

test('reads under one signal leave no listener on it, however they end', async () => {
  await store.put('a', Buffer.alloc(600_000))
  const { signal } = new AbortController()
  for (let count = 0; count < 20; count += 1) await store.read('a', { signal })
  const open = await store.get('a', { signal })
  expect(getEventListeners(signal, 'abort')).toHaveLength(1)
  await open[Symbol.asyncDispose]()
  const left = await store.get('a', { signal })
  for await (const _ of left.body) break
  const range = store.get('a', { signal, range: { start: 600_000 } })
  await expect(range).rejects.toMatchObject({ code: 'range' })
  expect(getEventListeners(signal, 'abort')).toEqual([])
})

test('the root is durable before an object is put inside', async () => {
  const names: string[] = []
  onFaultPoint((_, name) => names.push(name))
  new DiskStore({ root: join(outer, 'x', 'y'), temporary: data.temporary })
  onFaultPoint(undefined)
  expect(names).toEqual(['level:made', 'level:synced', 'level:made', 'level:synced'])
})

test('a put holds a chunk of its body, not the whole', async () => {
  const chunk = Buffer.alloc(1024 * 1024)
  const body = async function* () {
    for (let count = 0; count < 256; count += 1) yield chunk
  }
  const before = process.memoryUsage().rss
  await store.put('large', body())
  expect(process.memoryUsage().rss - before).toBeLessThan(128 * 1024 * 1024)
  expect(await store.head('large')).toMatchObject({ bytes: 256 * chunk.length })
})

test('any listing is that of a sorted array', async () => {
  const segment = fc.constantFrom('a', 'b', 'ab', 'a.', 'a-', 'é', '\u{1F600}', '\uFF5E', '0')
  const key = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'))
  const text = fc.oneof(
    key,
    fc.constant(''),
    key.map((whole) => [...whole].slice(0, 1).join('')),
  )
  const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(key, { maxLength: 12 }),
      fc.record({ prefix: text, after: text, limit: fc.integer({ min: 1, max: 4 }) }),
      async (wanted, { prefix, after, limit }) => {
        const stored: string[] = []
        for (const left of (await store.list({ limit: 1000 })).objects) await store.delete(left.key)
        expect(await readdir(root)).toEqual([])
        for (const candidate of wanted) {
          const put = await store.put(candidate, Buffer.from('x')).catch(() => undefined)
          if (put) stored.push(candidate)
        }
        const expected = stored
          .filter((candidate) => candidate.startsWith(prefix) && byBytes(candidate, after) > 0)
          .sort(byBytes)
        const found: string[] = []
        for (let from: string | null = after; from !== null; ) {
          const page: Awaited<ReturnType<DiskStore['list']>> = await store.list({
            prefix,
            after: from,
            limit,
          })
          found.push(...page.objects.map((object) => object.key))
          from = page.next
        }
        expect(found).toEqual(expected)
      },
    ),
    { numRuns: 100 },
  )
})
