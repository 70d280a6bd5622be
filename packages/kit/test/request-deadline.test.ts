import { once } from 'node:events'
import { HyperMeshError } from '@hypermesh/contract'
import { expect, test, vi } from 'vitest'
import { RequestDeadline } from '../src/request-deadline.ts'

const gone = new HyperMeshError('cancelled', 'the client went away')

test('a controller is aborted at the deadline itself, so that there is one signal', async () => {
  const controller = new AbortController()
  using deadline = new RequestDeadline(1, controller)
  expect(deadline.signal).toBe(controller.signal)
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
  const controller = new AbortController()
  controller.abort(gone)
  for (const client of [controller, controller.signal]) {
    using deadline = new RequestDeadline(60_000, client)
    expect(deadline.signal.reason).toBe(gone)
  }
})

test('a deadline beyond what a timer takes is far away', () => {
  vi.useFakeTimers()
  try {
    using deadline = new RequestDeadline(3e9, new AbortController())
    vi.advanceTimersByTime(86_400_000)
    expect(deadline.signal.aborted).toBe(false)
  } finally {
    vi.useRealTimers()
  }
})
