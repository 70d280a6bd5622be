import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ErrorCode, ObjectHead } from '@hypermesh/contract'
import type { ByteRange, ObjectStore } from '@hypermesh/object-store'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

export interface StoreUnderTest extends AsyncDisposable {
  readonly store: ObjectStore
  /** Where a file must lie to be published: on the store's own file system. */
  readonly localDirectory: string
}

/** What every object store promises. Run it over each back end. */
export function describeObjectStore(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`object store: ${name}`, () => {
    let opened: StoreUnderTest
    beforeEach(async () => {
      opened = await open()
    })
    afterEach(async () => {
      await opened[Symbol.asyncDispose]()
    })
    const store = () => opened.store
    describeWrites(store)
    describeCreateOnly(store)
    describeReads(store)
    describeLists(store)
    describeKeys(store)
    describePublish(() => opened)
  })
}

function describeWrites(store: () => ObjectStore): void {
  test('what was put is read back byte for byte', async () => {
    const bytes = randomBytes(1_000_003)
    const head = await store().put('dir/a.bin', bytes)
    expect(head).toMatchObject({ key: 'dir/a.bin', bytes: bytes.length })
    expect(Buffer.from(await store().read('dir/a.bin')).equals(bytes)).toBe(true)
    expect(await store().head('dir/a.bin')).toEqual(head)
  })

  test('an empty object exists', async () => {
    await store().put('empty', new Uint8Array())
    expect(await store().head('empty')).toMatchObject({ bytes: 0 })
    expect(await store().read('empty')).toHaveLength(0)
  })

  test('a streamed body is stored whole', async () => {
    await store().put('streamed', chunks('one ', '', 'two ', 'three'))
    expect(await text(store(), 'streamed')).toBe('one two three')
  })

  test('a put replaces the whole object and its etag, even within a millisecond', async () => {
    const etags = new Set<string>()
    for (let version = 0; version < 50; version += 1) {
      etags.add((await store().put('a', Buffer.from(String(version % 10)))).etag)
    }
    expect(etags.size).toBe(50)
    await store().put('a', Buffer.from('x'))
    expect(await text(store(), 'a')).toBe('x')
  })

  test('a body that fails leaves what was there', async () => {
    await store().put('a', Buffer.from('before'))
    const cut = async function* () {
      yield Buffer.from('half')
      throw new Error('the connection was cut')
    }
    await expect(store().put('a', cut())).rejects.toThrow('the connection was cut')
    await expect(store().put('b/c', cut())).rejects.toThrow('the connection was cut')
    expect(await text(store(), 'a')).toBe('before')
    expect(await keys(store())).toEqual(['a'])
  })

  test('a body at the limit is stored, one byte more is too large and leaves nothing', async () => {
    await store().put('at', chunks('12345', '67890'), { bytesMax: 10 })
    await refused(store().put('over', chunks('12345', '678901'), { bytesMax: 10 }), 'too_large')
    expect(await keys(store())).toEqual(['at'])
  })

  test('an abort ends a put whose body stalls, and leaves nothing', async () => {
    const abort = new AbortController()
    const stalled = async function* () {
      yield Buffer.from('half')
      abort.abort(new Error('gave up'))
      await new Promise(() => undefined)
    }
    const put = store().put('a', stalled(), { signal: abort.signal })
    await expect(put).rejects.toThrow('gave up')
    expect(await keys(store())).toEqual([])
  })

  test('delete says whether there was an object', async () => {
    await store().put('a/b/c', Buffer.from('x'))
    expect(await store().delete('a/b')).toBe(false)
    expect(await store().delete('a/b/c')).toBe(true)
    expect(await store().delete('a/b/c')).toBe(false)
    expect(await store().head('a/b/c')).toBeUndefined()
    await store().put('a', Buffer.from('where a directory may have been'))
  })

  test('puts and deletes of neighbours do not disturb each other', async () => {
    const rounds = Array.from({ length: 40 }, (_, round) => round)
    await Promise.all([
      ...rounds.map((round) => store().put(`dir/sub/kept-${round}`, Buffer.from('x'))),
      ...rounds.map(async (round) => {
        await store().put(`dir/sub/gone-${round}`, Buffer.from('x'))
        expect(await store().delete(`dir/sub/gone-${round}`)).toBe(true)
      }),
    ])
    expect(await keys(store())).toEqual(rounds.map((round) => `dir/sub/kept-${round}`).sort())
  })

  test('the last delete in a directory and a put into it may race', async () => {
    for (let round = 0; round < 30; round += 1) {
      await store().put('deep/er/old', Buffer.from('x'))
      await Promise.all([
        store().delete('deep/er/old'),
        store().put('deep/er/new', Buffer.from(String(round))),
      ])
      expect(await text(store(), 'deep/er/new')).toBe(String(round))
      expect(await store().delete('deep/er/new')).toBe(true)
    }
    expect(await keys(store())).toEqual([])
  })
}

function describeCreateOnly(store: () => ObjectStore): void {
  test('of twenty racing creates one wins and its bytes stay', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, racer) =>
        store().put('race/1', Buffer.from(`racer ${racer}`), { ifNoneMatch: '*' }),
      ),
    )
    const winners = results.flatMap(({ status }, racer) => (status === 'fulfilled' ? [racer] : []))
    expect(winners).toHaveLength(1)
    expect(await text(store(), 'race/1')).toBe(`racer ${winners[0]}`)
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'exists' })
    }
  })

  test('a create over an object is refused before its body is read', async () => {
    await store().put('a', Buffer.from('first'))
    let read = false
    const body = async function* () {
      read = true
      yield Buffer.from('second')
    }
    await refused(store().put('a', body(), { ifNoneMatch: '*' }), 'exists')
    expect(read).toBe(false)
    expect(await text(store(), 'a')).toBe('first')
  })
}

function describeReads(store: () => ObjectStore): void {
  test('a range is half-open, may be a suffix, and is cut at the end', async () => {
    await store().put('a', Buffer.from('0123456789'))
    const cases: readonly [ByteRange, string][] = [
      [{ start: 0, end: 1 }, '0'],
      [{ start: 3, end: 7 }, '3456'],
      [{ start: 9 }, '9'],
      [{ start: 0 }, '0123456789'],
      [{ start: 8, end: 100 }, '89'],
      [{ suffix: 3 }, '789'],
      [{ suffix: 100 }, '0123456789'],
    ]
    for (const [range, expected] of cases) {
      await using object = await store().get('a', { range })
      expect(await collect(object.body)).toBe(expected)
      expect(object.end - object.start).toBe(expected.length)
      expect(object.head.bytes).toBe(10)
    }
  })

  test('a range that holds nothing is refused with the length', async () => {
    await store().put('a', Buffer.from('0123456789'))
    await store().put('empty', new Uint8Array())
    for (const range of [
      { start: 10 },
      { start: 3, end: 3 },
      { start: 5, end: 2 },
      { suffix: 0 },
    ]) {
      await expect(store().get('a', { range })).rejects.toMatchObject({
        code: 'range',
        details: { bytes: 10 },
      })
    }
    await refused(store().get('empty', { range: { suffix: 1 } }), 'range')
    await refused(store().get('empty', { range: { start: 0 } }), 'range')
  })

  test('a missing object is not found', async () => {
    await store().put('a', Buffer.from('x'))
    for (const key of ['b', 'a/b', 'c/d']) {
      await refused(store().get(key), 'not_found')
      await refused(store().read(key), 'not_found')
      expect(await store().head(key)).toBeUndefined()
      expect(await store().delete(key)).toBe(false)
    }
  })

  test('an open object keeps its version while it is replaced and deleted', async () => {
    const old = randomBytes(2_000_000)
    await store().put('a', old)
    await using object = await store().get('a')
    await store().put('a', Buffer.from('new'))
    await store().delete('a')
    const read: Uint8Array[] = []
    for await (const chunk of object.body) read.push(chunk)
    expect(Buffer.concat(read).equals(old)).toBe(true)
  })

  test('a reader may leave early, and a read above its bound is too large', async () => {
    await store().put('a', randomBytes(2_000_000))
    const object = await store().get('a')
    for await (const chunk of object.body) {
      expect(chunk.length).toBeGreaterThan(0)
      break
    }
    await object[Symbol.asyncDispose]()
    await refused(store().read('a', { bytesMax: 1_999_999 }), 'too_large')
    expect(await store().read('a', { bytesMax: 2_000_000 })).toHaveLength(2_000_000)
  })
}

function describeLists(store: () => ObjectStore): void {
  // Chosen so that sorting by segment, by UTF-16 or by locale each gives another order.
  const unordered = ['a/x', 'a.b', 'a-b/c', 'a0', 'B', 'é', '\uFF5E', '\u{1F600}', 'a b', 'z/y/x']

  test('a list is in byte order of whole keys and pages join without gap or repeat', async () => {
    for (const key of unordered) await store().put(key, Buffer.from(key))
    const expected = [...unordered].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    for (const limit of [1, 2, 3, expected.length, 1000]) {
      expect(await keys(store(), { limit })).toEqual(expected)
    }
    for (const after of [...expected, 'a', 'a/', 'zzz', '\u{10FFFF}']) {
      const bytes = Buffer.from(after)
      const rest = expected.filter((key) => Buffer.compare(Buffer.from(key), bytes) > 0)
      expect(await keys(store(), { after })).toEqual(rest)
    }
  })

  test('a prefix is text: it may end inside a segment', async () => {
    for (const key of unordered) await store().put(key, Buffer.from(key))
    for (const prefix of ['a', 'a/', 'a/x', 'a/xx', 'a.', 'z/y', 'z/y/', 'nothing/', 'B']) {
      const expected = unordered.filter((key) => key.startsWith(prefix))
      expect((await keys(store(), { prefix })).sort()).toEqual(expected.sort())
    }
  })

  test('the last page says so, also when it is full', async () => {
    for (const key of ['a', 'b']) await store().put(key, Buffer.from(key))
    expect(await store().list({ limit: 2 })).toMatchObject({ next: null })
    expect(await store().list({ limit: 1 })).toMatchObject({ next: 'a' })
    expect(await store().list({ after: 'b', limit: 1 })).toEqual({ objects: [], next: null })
  })

  test('a list tells what head tells', async () => {
    const heads: ObjectHead[] = []
    for (const key of ['a', 'b/c']) heads.push(await store().put(key, Buffer.from(key)))
    expect((await store().list({ limit: 10 })).objects).toEqual(heads)
  })
}

function describeKeys(store: () => ObjectStore): void {
  const bad: readonly string[] = [
    ...['', '.', '..', '/', '//', '/a', 'a/', 'a//b', './a', '../a', 'a/..', 'a/.', 'a/../b'],
    ...['a/../../etc/passwd', '..\\a', 'a\\b', 'a\0', '\0', 'a\nb', 'a\x7f', 'a\u0085', 'a\ud800'],
    ...['\udc00a', 'x'.repeat(256), `${'é'.repeat(128)}`, 'a/'.repeat(600).slice(0, -1)],
  ]
  test.each(bad.map((key) => [JSON.stringify(key).slice(0, 40), key]))(
    'the key %s is refused by every call',
    async (_, key) => {
      await refused(store().put(key, Buffer.from('x')), 'invalid_name')
      await refused(store().get(key), 'invalid_name')
      await refused(store().read(key), 'invalid_name')
      await refused(store().head(key), 'invalid_name')
      await refused(store().delete(key), 'invalid_name')
      expect(() => store().localPath(key)).toThrow(
        expect.objectContaining({ code: 'invalid_name' }),
      )
      expect(await keys(store())).toEqual([])
    },
  )

  test.each(['../', '/', 'a/../', 'a//', 'a\\', '\0', './a', 'a\ud800'])(
    'the prefix %j is refused',
    async (prefix) => {
      await refused(store().list({ prefix, limit: 1 }), 'invalid_name')
    },
  )

  test.each([
    ...['...', '.a', 'a..b', 'a b', '%2e%2e', '%2F', 'a:b', '*', '?', '~', '-rf', '$(x)', 'CON'],
    ...['x'.repeat(255), 'e\u0301', 'é', '\u{1F600}', 'dir/.hidden', "it's", '"', '|', '<>'],
  ])('the key %j is kept as it is', async (key) => {
    await store().put(key, Buffer.from('x'))
    expect(await keys(store())).toEqual([key])
    expect(await text(store(), key)).toBe('x')
  })
}

function describePublish(opened: () => StoreUnderTest): void {
  test('publish moves a finished file in, and never over an object', async () => {
    const { store, localDirectory } = opened()
    const directory = await mkdtemp(join(localDirectory, 'publish-'))
    const file = join(directory, 'part.parquet')
    await writeFile(file, 'first')
    const head = await store.publish(file, 'data/1.parquet')
    expect(head).toEqual(await store.head('data/1.parquet'))
    await refused(store.publish(file, 'data/2.parquet'), 'internal')
    await writeFile(file, 'second')
    await refused(store.publish(file, 'data/1.parquet'), 'exists')
    expect(await text(store, 'data/1.parquet')).toBe('first')
    await store.publish(file, 'data/2.parquet')
    expect(await text(store, 'data/2.parquet')).toBe('second')
    await rm(directory, { recursive: true })
  })
}

/** A directory for a test, gone with it. */
export async function temporaryDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'hypermesh-test-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

async function* chunks(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of texts) yield Buffer.from(chunk)
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<string> {
  const read: Uint8Array[] = []
  for await (const chunk of body) read.push(chunk)
  return Buffer.concat(read).toString()
}

async function text(store: ObjectStore, key: string): Promise<string> {
  return Buffer.from(await store.read(key)).toString()
}

/** Every key, over as many pages as it takes. */
async function keys(
  store: ObjectStore,
  {
    prefix = '',
    after = '',
    limit = 1000,
  }: { prefix?: string; after?: string; limit?: number } = {},
): Promise<string[]> {
  const found: string[] = []
  for (let from: string | null = after; from !== null; ) {
    const page: Awaited<ReturnType<ObjectStore['list']>> = await store.list({
      prefix,
      after: from,
      limit,
    })
    expect(page.objects.length).toBeLessThanOrEqual(limit)
    found.push(...page.objects.map((object) => object.key))
    from = page.next
  }
  return found
}

async function refused(call: Promise<unknown>, code: ErrorCode): Promise<void> {
  await expect(call).rejects.toMatchObject({ name: 'HyperMeshError', code })
}
