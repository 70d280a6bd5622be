import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env, execPath, platform } from 'node:process'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { HnswIndex } from '../src/index.ts'
import { clustered, recall, truth } from './_clusters.ts'

const { LD_PRELOAD } = env
const k = 10
const data = clustered({ count: 8000, queries: 50, dimension: 32, clusters: 30, seed: 21 })
const expected = truth(data, k)
const create = () => HnswIndex.create({ dimension: 32, metric: 'l2', storage: 'f32' })

test('two threads build a graph as good as one does', async () => {
  using index = create()
  await index.add(data.vectors, { threads: 2 })
  expect(recall((await index.search(data.queries, { k })).slots, expected)).toBeGreaterThan(0.98)
})

test('several adds at once get slots of their own, in the order of the calls', async () => {
  using index = create()
  const part = data.vectors.length / 8
  const firsts = await Promise.all(
    Array.from({ length: 8 }, (_, at) =>
      index.add(data.vectors.subarray(at * part, (at + 1) * part)),
    ),
  )
  expect(firsts).toEqual(Array.from({ length: 8 }, (_, at) => at * 1000))
  expect(recall((await index.search(data.queries, { k })).slots, expected)).toBeGreaterThan(0.98)
})

test('searches and removals go on while vectors are added, and see only whole slots', async () => {
  using index = create()
  const half = data.vectors.length / 2
  await index.add(data.vectors.subarray(0, half))
  let isDone = false
  const adding = index.add(data.vectors.subarray(half)).then(() => {
    isDone = true
  })
  let busy = 0
  let searches = 0
  for (let slot = 0; !isDone; slot++) {
    const { slots, counts } = await index.search(data.queries.subarray(0, 320), { k })
    expect(counts).toEqual(new Uint32Array(10).fill(k))
    expect(slots.every((found) => found >= slot)).toBe(true)
    if (index.searchSync(data.queries.subarray(0, 32), { k }) === undefined) busy++
    expect(index.remove([slot])).toBe(1)
    searches++
  }
  await adding
  // Both happen in any run: the add takes hundreds of slices.
  expect(searches).toBeGreaterThan(busy)
  expect(index.slots).toBe(8000)
  expect(index.dead).toBe(searches)
})

test('an aborted add leaves nothing to be found, and the next one is whole', async () => {
  using index = create()
  await index.add(data.vectors.subarray(0, 320))
  const controller = new AbortController()
  const adding = index.add(data.vectors, { signal: controller.signal })
  // Some are in by then.
  while (index.slots <= 10) await index.search(data.queries.subarray(0, 32), { k: 1 })
  controller.abort(new Error('enough'))
  await expect(adding).rejects.toMatchObject({ code: 'aborted', cause: { message: 'enough' } })
  expect(index.slots - index.dead).toBe(10)
  const found = await index.search(data.queries, { k })
  expect(found.slots.every((slot) => slot < 10)).toBe(true)
  expect(await index.add(data.vectors.subarray(0, 32))).toBe(index.slots - 1)
  await expect(index.add(data.vectors, { signal: controller.signal })).rejects.toMatchObject({
    code: 'aborted',
  })
})

test('a close during an add and a search ends them', async () => {
  const index = create()
  await index.add(data.vectors)
  const adding = index.add(data.vectors)
  const searching = index.search(data.vectors, { k })
  index.close()
  expect(await Promise.allSettled([adding, searching])).toMatchObject([
    { status: 'rejected', reason: { code: 'closed' } },
    { status: 'rejected', reason: { code: 'closed' } },
  ])
})

test('a worker shares the index and may outlive the one who made it', async () => {
  const index = create()
  await index.add(data.vectors)
  const worker = new Worker(new URL('./_search-worker.mjs', import.meta.url), {
    workerData: { handle: index.handle, queries: data.queries, k },
  })
  const next = () =>
    new Promise<Uint32Array>((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
    })
  await next()
  index.close()
  worker.postMessage('search')
  expect(recall(await next(), expected)).toBeGreaterThan(0.98)
  await worker.terminate()
})

test('a worker that is terminated amid an add takes nobody with it', async () => {
  using index = create()
  await index.add(data.vectors.subarray(0, 320))
  const worker = new Worker(new URL('./_search-worker.mjs', import.meta.url), {
    workerData: { handle: index.handle, queries: data.queries, k, adds: data.vectors },
  })
  await new Promise((resolve) => worker.once('message', resolve))
  await worker.terminate()
  // Its add is a writer before this one: it ended, and what it had added is gone.
  await index.add(data.vectors.subarray(0, 32))
  expect(index.slots - index.dead).toBe(11)
})

test('a process ends at once while vectors are added', () => {
  const script = fileURLToPath(new URL('./_exit-midway.mjs', import.meta.url))
  const { status, stderr, signal } = spawnSync(
    execPath,
    ['--conditions=hypermesh:source', '--import', 'tsx', script],
    { encoding: 'utf8' },
  )
  expect({ status, signal, stderr }).toEqual({ status: 7, signal: null, stderr: '' })
})

// A sanitizer wants to be the first that is loaded.
test.skipIf(platform !== 'linux' || LD_PRELOAD !== undefined)(
  'without new threads work is refused or goes on with those there are, and nothing is stuck',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'hypermesh-hnsw-'))
    const library = join(folder, 'no-threads.so')
    const file = (name: string) => fileURLToPath(new URL(name, import.meta.url))
    try {
      const build = [
        '-shared',
        '-fPIC',
        '-o',
        library,
        file('./_no-threads.cc'),
        '-ldl',
        '-lstdc++',
      ]
      expect(spawnSync('gcc', build, { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' })
      const variables = [`LD_PRELOAD=${library}`, `NO_THREADS=${join(folder, 'flag')}`]
      const node = [execPath, '--conditions=hypermesh:source', '--import', 'tsx']
      const script = file('./_no-threads.mjs')
      const run = (threads: number) =>
        spawnSync('env', [...variables, ...node, script, String(threads)], { encoding: 'utf8' })
      const none = 'memory memory memory 0 plain\n'
      expect(run(0)).toMatchObject({ status: 0, signal: null, stdout: none })
      const few = '0 2000 memory 4000 plain\n'
      expect(run(1)).toMatchObject({ status: 0, signal: null, stdout: few })
      expect(run(3)).toMatchObject({ status: 0, signal: null, stdout: few })
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
)
