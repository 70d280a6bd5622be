import { once } from 'node:events'
import { HyperMeshError } from '@hypermesh/contract'
import { expect, test, vi } from 'vitest'
import { RequestDeadline } from '../src/request-deadline.ts'
import { RequestEnding } from '../src/request-ending.ts'

const gone = new HyperMeshError('cancelled', 'the client went away')

test('an ending is aborted at the deadline itself, so that there is one signal', async () => {
  const ending = new RequestEnding()
  using deadline = new RequestDeadline(1, ending)
  expect(deadline.signal).toBe(ending.signal)
  if (!deadline.signal.aborted) await once(deadline.signal, 'abort')
  expect(deadline.signal.reason).toMatchObject({ code: 'deadline' })
})

test('a signal is followed, and left alone at the deadline', async () => {
  const client = new AbortController()
  using deadline = new RequestDeadline(60_000, client.signal)
  client.abort(gone)
  expect(deadline.signal.reason).toBe(gone)
  const other = new AbortController()
  using late = new RequestDeadline(1, other.signal)
  if (!late.signal.aborted) await once(late.signal, 'abort')
  expect([late.signal.reason.code, other.signal.aborted]).toEqual(['deadline', false])
})

test('who went away before is known at once', () => {
  const ending = new RequestEnding()
  ending.abort(gone)
  for (const client of [ending, ending.signal]) {
    using deadline = new RequestDeadline(60_000, client)
    expect(deadline.signal.reason).toBe(gone)
  }
})

test('a deadline beyond what a timer takes is far away', () => {
  vi.useFakeTimers()
  try {
    using deadline = new RequestDeadline(3e9, new RequestEnding())
    vi.advanceTimersByTime(86_400_000)
    expect(deadline.signal.aborted).toBe(false)
  } finally {
    vi.useRealTimers()
  }
})

test('whoever asks for the signal after the end, listens or only looks, learns of it', () => {
  const ending = new RequestEnding()
  let calls = 0
  ending.onAbort = () => {
    calls += 1
  }
  ending.throwIfAborted()
  ending.abort(gone)
  ending.abort(new HyperMeshError('deadline', 'later'))
  expect(calls).toBe(1)
  expect(ending.signal.aborted).toBe(true)
  expect(ending.signal.reason).toBe(gone)
  expect(() => ending.throwIfAborted()).toThrow(gone)
})

test('a service is told of the end by the signal that it took before', () => {
  const ending = new RequestEnding()
  using deadline = new RequestDeadline(60_000, ending)
  const context = deadline.contextOf({ keyId: 'k', name: 'n', role: 'reader' }, 'r1')
  const { signal } = context
  ending.abort(gone)
  expect([signal.aborted, signal.reason]).toEqual([true, gone])
})
