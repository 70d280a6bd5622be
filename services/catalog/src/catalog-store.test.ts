import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HyperMeshError, type Limits } from '@hypermesh/contract'
import { createLogger, defaultLimits, systemClock } from '@hypermesh/kit'
import {
  DiskStore,
  type ObjectStore,
  onFaultPoint,
  openDataDirectory,
} from '@hypermesh/object-store'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { AlreadyAnswered, type Caller } from './caller.ts'
import type { CatalogState } from './catalog-state.ts'
import { CatalogStore } from './catalog-store.ts'
import { CommitLog } from './commit-log.ts'
import { Namespaces } from './namespaces.ts'

const admin: Caller = { principal: { keyId: 'k', name: 'test', role: 'admin' } }
const logger = createLogger('silent')
let root: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'hypermesh-catalog-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

interface OpenOptions {
  readonly checkpointEvery?: number
  readonly limits?: Partial<Limits>
  readonly wrap?: (store: ObjectStore) => ObjectStore
}

async function open({ checkpointEvery = 100, limits = {}, wrap = (it) => it }: OpenOptions = {}) {
  const directory = await openDataDirectory(root)
  const disk = wrap(new DiskStore({ root, temporary: directory.temporary }))
  const all = { ...defaultLimits, ...limits }
  const store = await CatalogStore.open({
    log: new CommitLog(disk, logger),
    limits: all,
    clock: systemClock,
    logger,
    checkpointEvery,
    warehouseUri: 'file:///warehouse',
  })
  return { store, namespaces: new Namespaces(store, all) }
}

test('a namespace created through one store is seen by another on the same directory', async () => {
  const [first, second] = await Promise.all([open(), open()])
  await first.namespaces.create(admin, 'sales', { owner: 'ann' })
  expect(await second.namespaces.load('SALES')).toEqual({
    namespace: 'sales',
    properties: { owner: 'ann' },
  })
})

test('of many that create one namespace at once, in two stores, exactly one succeeds', async () => {
  const stores = await Promise.all([open(), open()])
  const tries = Array.from({ length: 20 }, (_, index) =>
    stores[index % 2]?.namespaces.create(admin, 'once', { by: String(index) }),
  )
  const results = await Promise.allSettled(tries)
  const won = results.filter((result) => result.status === 'fulfilled')
  expect(won).toHaveLength(1)
  for (const result of results) {
    if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'exists' })
  }
})

test('interleaved commits of two stores leave a log without gaps and nothing lost', async () => {
  const stores = await Promise.all([open(), open()])
  const tries = Array.from({ length: 100 }, (_, index) =>
    stores[index % 2]?.namespaces.create(admin, `n${index}`, {}),
  )
  await Promise.all(tries)
  const files = (await readdir(join(root, 'catalog/log'))).sort()
  expect(files).toEqual(
    Array.from({ length: 101 }, (_, index) => `${String(index + 1).padStart(20, '0')}.json`),
  )
  const { namespaces } = await open()
  expect((await namespaces.list({})).items).toHaveLength(100)
})

test('a start reads the newest checkpoint and the records after it', async () => {
  const { namespaces } = await open({ checkpointEvery: 10 })
  for (let index = 0; index < 25; index++) await namespaces.create(admin, `n${index}`, {})
  const checkpoints = await readdir(join(root, 'catalog/checkpoints'))
  expect(checkpoints).toHaveLength(2)
  // Records before the checkpoint are not needed any more: without them the start is the same.
  for (let seq = 1; seq <= 20; seq++) {
    await rm(join(root, `catalog/log/${String(seq).padStart(20, '0')}.json`))
  }
  const again = await open({ checkpointEvery: 10 })
  expect((await again.namespaces.list({})).items).toHaveLength(25)
})

test('a damaged checkpoint costs time, not data', async () => {
  const { namespaces } = await open({ checkpointEvery: 5 })
  for (let index = 0; index < 12; index++) await namespaces.create(admin, `n${index}`, {})
  for (const name of await readdir(join(root, 'catalog/checkpoints'))) {
    await writeFile(join(root, 'catalog/checkpoints', name), '{"format":1,')
  }
  const again = await open()
  expect((await again.namespaces.list({})).items).toHaveLength(12)
})

test('a damaged record stops the start and is named, rather than skipped', async () => {
  const { namespaces } = await open()
  await namespaces.create(admin, 'a', {})
  await writeFile(join(root, `catalog/log/${'2'.padStart(20, '0')}.json`), '{"format":1')
  await expect(open()).rejects.toMatchObject({
    code: 'corrupt',
    message: expect.stringContaining('commit record 2'),
  })
})

test('a plan that was lost is discarded, one whose outcome is unknown is kept', async () => {
  const discarded: string[] = []
  let fault: 'none' | 'unknown' | undefined
  const { store } = await open({
    wrap: (disk) =>
      Object.assign(Object.create(disk) as ObjectStore, {
        put: (...args: Parameters<ObjectStore['put']>) => {
          if (fault === undefined) return disk.put(...args)
          throw new HyperMeshError('storage_full', 'no space', { effect: fault })
        },
        read: disk.read.bind(disk),
        list: disk.list.bind(disk),
      }),
  })
  const commit = (name: string) =>
    store.commit({
      caller: admin,
      build: async () => ({
        changes: [{ kind: 'put-namespace', namespace: name, properties: {} }],
        result: name,
        holds: () => true,
        discard: async () => void discarded.push(name),
      }),
    })
  fault = 'none'
  await expect(commit('full')).rejects.toMatchObject({ code: 'storage_full' })
  fault = 'unknown'
  await expect(commit('doubt')).rejects.toMatchObject({ code: 'storage_full' })
  fault = undefined
  expect(discarded).toEqual(['full'])
  expect(await commit('fine')).toMatchObject({ result: 'fine' })
})

test('nothing fails or undoes a commit once its record is there', async () => {
  let reads: 'work' | 'armed' | 'fail' = 'work'
  const discarded: string[] = []
  const { store } = await open({
    wrap: (disk) =>
      Object.assign(Object.create(disk) as ObjectStore, {
        put: async (...args: Parameters<ObjectStore['put']>) => {
          const head = await disk.put(...args)
          if (reads === 'armed') reads = 'fail'
          return head
        },
        read: (...args: Parameters<ObjectStore['read']>) => {
          if (reads !== 'fail') return disk.read(...args)
          throw new HyperMeshError('unavailable', 'too many open files')
        },
        list: disk.list.bind(disk),
        localPath: disk.localPath.bind(disk),
      }),
  })
  reads = 'armed'
  const { seq } = await store.commit({
    caller: admin,
    build: async () => ({
      changes: [{ kind: 'put-namespace', namespace: 'kept', properties: {} }],
      result: undefined,
      holds: () => true,
      discard: async () => void discarded.push('kept'),
    }),
  })
  reads = 'work'
  expect(discarded).toEqual([])
  expect((await store.latest()).seq).toBe(seq)
  const other = await open()
  expect((await other.namespaces.load('kept')).namespace).toBe('kept')
})

test('what rests on a record that another process wrote is made durable before it is said', async () => {
  const first = await open()
  const second = await open()
  await first.namespaces.create(admin, 'a', {})
  const noChange = () =>
    second.store.commit({
      caller: admin,
      build: async () => ({ changes: [], result: undefined, holds: () => true }),
    })
  const steps: string[] = []
  onFaultPoint((_, name) => steps.push(name))
  await noChange()
  await noChange()
  onFaultPoint(undefined)
  expect(steps).toEqual(['sync-directory:before', 'sync-directory:after'])
})

test('a checkpoint holds no record that is not durable before it', async () => {
  const first = await open()
  let meanwhile: (() => Promise<unknown>) | undefined
  const second = await open({
    checkpointEvery: 1,
    wrap: (disk) =>
      Object.assign(Object.create(disk) as ObjectStore, {
        put: async (...args: Parameters<ObjectStore['put']>) => {
          const head = await disk.put(...args)
          const act = meanwhile
          meanwhile = undefined
          await act?.()
          return head
        },
        read: disk.read.bind(disk),
        list: disk.list.bind(disk),
        delete: disk.delete.bind(disk),
        localPath: disk.localPath.bind(disk),
      }),
  })
  const steps: string[] = []
  meanwhile = async () => {
    // Another process's record is seen between our record and our checkpoint.
    await first.namespaces.create(admin, 'theirs', {})
    await second.store.latest()
    onFaultPoint((_, name) => steps.push(name))
  }
  await second.namespaces.create(admin, 'ours', {})
  onFaultPoint(undefined)
  expect(steps.slice(0, 3)).toEqual([
    'sync-directory:before',
    'sync-directory:after',
    'open:before',
  ])
})

test('a commit that keeps losing ends as a conflict and leaves nothing', async () => {
  const { store } = await open({ limits: { commitRetriesMax: 3 } })
  let attempts = 0
  let discarded = 0
  const losing = store.commit({
    caller: admin,
    build: async () => {
      attempts++
      return {
        changes: [{ kind: 'put-namespace', namespace: 'never', properties: {} }],
        result: undefined,
        holds: () => false,
        discard: async () => void discarded++,
      }
    },
  })
  await expect(losing).rejects.toMatchObject({ code: 'conflict' })
  expect([attempts, discarded]).toEqual([3, 3])
})

test('a namespace that got a table meanwhile is not dropped', async () => {
  const { namespaces, store } = await open()
  await namespaces.create(admin, 'a', {})
  const entry = {
    namespace: 'a',
    table: 't',
    uuid: 'u',
    metadataLocation: 'file:///warehouse/a/t/metadata/0.json',
    location: 'file:///warehouse/a/t',
    snapshotId: null,
    rows: 0,
    files: 0,
    bytes: 0,
    updatedAtMs: 0,
  }
  await store.commit({
    caller: admin,
    build: async () => ({
      changes: [{ kind: 'put-table', entry }],
      result: undefined,
      holds: () => true,
    }),
  })
  await expect(namespaces.drop(admin, 'A')).rejects.toMatchObject({
    details: { icebergType: 'NamespaceNotEmptyException' },
  })
})

test('pages go on after what was created or dropped between them', async () => {
  const { namespaces } = await open()
  for (const name of ['b', 'D', 'f', 'h']) await namespaces.create(admin, name, {})
  const first = await namespaces.list({ pageSize: 2 })
  expect(first.items).toMatchObject([{ namespace: 'b' }, { namespace: 'D' }])
  await namespaces.drop(admin, 'd')
  await namespaces.create(admin, 'e', {})
  await namespaces.create(admin, 'a', {})
  const second = await namespaces.list({ pageSize: 2, pageToken: first.next ?? '' })
  expect(second.items).toMatchObject([{ namespace: 'e' }, { namespace: 'f' }])
  const last = await namespaces.list({ pageSize: 2, pageToken: second.next ?? '' })
  expect(last).toMatchObject({ items: [{ namespace: 'h' }], next: null })
})

test('a reader may not change a namespace', async () => {
  const { namespaces } = await open()
  const reader: Caller = { principal: { ...admin.principal, role: 'reader' } }
  await expect(namespaces.create(reader, 'x', {})).rejects.toMatchObject({ code: 'forbidden' })
})

test('metadata that later commits have deleted while a commit was built is contention, not damage', async () => {
  const [first, second] = await Promise.all([open(), open()])
  let builds = 0
  const { result } = await first.store.commit({
    caller: admin,
    build: async () => {
      builds += 1
      if (builds === 1) {
        await second.namespaces.create(admin, 'between', {})
        throw new HyperMeshError('corrupt', 'the metadata is missing')
      }
      return { changes: [], result: 'built', holds: () => true }
    },
  })
  expect([result, builds]).toEqual(['built', 2])
  const damaged = first.store.commit({
    caller: admin,
    build: async () => {
      throw new HyperMeshError('corrupt', 'the metadata is damaged')
    },
  })
  await expect(damaged).rejects.toMatchObject({ code: 'corrupt' })
})

test('an answer under an idempotency key is durable before it is said again', async () => {
  const caller = { ...admin, replay: { key: 'key', fingerprint: 'print' } }
  const first = await open()
  const second = await open()
  onFaultPoint((_, name) => {
    if (name === 'sync-directory:after') throw Object.assign(new Error('broken'), { code: 'EIO' })
  })
  // The record is there, and whether it stays is not known.
  await expect(first.namespaces.create(caller, 'a', {})).rejects.toMatchObject({
    effect: 'unknown',
  })
  const known = (at: typeof first) => at.store.findDurable((state) => state.answer('key'))
  for (const store of [first, second]) {
    await expect(known(store)).rejects.toMatchObject({ effect: 'unknown' })
    await expect(store.namespaces.create(caller, 'a', {})).rejects.toMatchObject({
      effect: 'unknown',
    })
  }
  onFaultPoint(undefined)
  for (const store of [first, second]) {
    expect(await known(store)).toMatchObject({ key: 'key' })
    await expect(store.namespaces.create(caller, 'a', {})).rejects.toThrow(AlreadyAnswered)
  }
})

test('answers kept for replay are bounded in bytes together, the oldest forgotten first', async () => {
  const limits = { idempotencyBytesMax: 10_000 }
  const { store, namespaces } = await open({ limits, checkpointEvery: 3 })
  for (const key of ['a', 'b', 'c', 'd']) {
    const properties = { long: 'x'.repeat(4000) }
    const caller = { ...admin, replay: { key, fingerprint: key } }
    await namespaces.create(caller, key, properties)
  }
  const kept = (state: CatalogState) => ['a', 'b', 'c', 'd'].filter((key) => state.answer(key))
  expect(kept(await store.latest())).toEqual(['c', 'd'])
  const next = await open({ limits })
  expect(kept(await next.store.latest())).toEqual(['c', 'd'])
})
