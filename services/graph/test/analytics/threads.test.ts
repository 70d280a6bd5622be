import type { Limits } from '@hypermesh/contract'
import { defaultLimits } from '@hypermesh/kit'
import { expect, test } from 'vitest'
import { AnalyticsThreads } from '../../src/analytics/analytics-threads.ts'
import type { AnalyticsTask } from '../../src/analytics/analytics-worker.ts'

const never = new AbortController().signal

function open(limits: Partial<Limits> = {}): AnalyticsThreads {
  return new AnalyticsThreads({ ...defaultLimits, ...limits })
}

/** Of a clique whose PageRank never ends of its own. */
function task(changes: Partial<AnalyticsTask> = {}): AnalyticsTask {
  const nodeCount = 100
  return {
    measure: 'pagerank',
    arrays: {
      nodeCount,
      edgeOffsets: Uint32Array.of(0, nodeCount),
      edgeNodes: Uint32Array.from({ length: nodeCount }, (_, node) => node),
      edgeAt: new Float64Array(0),
      edgeWeight: new Float64Array(0),
    },
    options: { weighted: false, damping: 0.85, iterations: 10, tolerance: 0 },
    rowsMax: 3,
    sourcesMax: 10,
    bytesMax: 1 << 20,
    ...changes,
  }
}

const endless = { weighted: false, damping: 0.85, iterations: 1e12, tolerance: -1 }

test('a run that is given up ends amid its loop, and the next one has a thread', async () => {
  await using threads = open({ graphAnalyticsConcurrencyMax: 1 })
  const abort = new AbortController()
  {
    using thread = await threads.take(abort.signal)
    const run = thread.run(task({ options: endless }), () => abort.abort(new Error('enough')))
    await expect(run).rejects.toThrow('enough')
  }
  using thread = await threads.take(never)
  const { rowCount, columns } = await thread.run(task())
  expect(rowCount).toBe(100)
  expect(columns[0]?.values).toHaveLength(3)
})

test('so many wait as may, the next is refused, and who gives up leaves the queue', async () => {
  await using threads = open({ graphAnalyticsConcurrencyMax: 1, graphAnalyticsQueueMax: 1 })
  const first = await threads.take(never)
  const abort = new AbortController()
  const second = threads.take(abort.signal)
  await expect(threads.take(never)).rejects.toMatchObject({
    code: 'unavailable',
    details: { limit: 'graph_analytics_queue_max' },
  })
  abort.abort(new Error('gone'))
  await expect(second).rejects.toThrow('gone')
  const third = threads.take(never)
  first[Symbol.dispose]()
  using granted = await third
  expect((await granted.run(task())).rowCount).toBe(100)
})

test('arrays beyond the memory of a run are too_large, and say by which limit', async () => {
  await using threads = open()
  using thread = await threads.take(never)
  const refused = thread.run(task({ bytesMax: 2000 }))
  await expect(refused).rejects.toMatchObject({
    code: 'too_large',
    details: { limit: 'graph_analytics_bytes_max', bytesMax: 2000 },
  })
  expect((await thread.run(task({ bytesMax: 5000 }))).rowCount).toBe(100)
})

test('what runs and waits is told that the service closes', async () => {
  const threads = open({ graphAnalyticsConcurrencyMax: 1 })
  const thread = await threads.take(never)
  let begun = () => {}
  const hasBegun = new Promise<void>((resolve) => {
    begun = resolve
  })
  const running = thread.run(task({ options: endless }), () => begun())
  const waiting = threads.take(never)
  await hasBegun
  const refused = [running, waiting].map((promise) =>
    expect(promise).rejects.toMatchObject({ code: 'unavailable' }),
  )
  await threads[Symbol.asyncDispose]()
  await Promise.all(refused)
  await expect(threads.take(never)).rejects.toMatchObject({ code: 'unavailable' })
})
