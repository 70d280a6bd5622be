import { describe, expect, test } from 'vitest'
import { ConcurrencyGate, Metrics } from '../src/index.ts'

const gate = (concurrencyMax: number, queueMax: number) =>
  new ConcurrencyGate({ name: 'statements', concurrencyMax, queueMax })

describe('a concurrency gate', () => {
  test('lets so many through, keeps so many waiting and refuses the next', async () => {
    const one = gate(1, 1)
    const place = await one.enter()
    const waiting = one.enter()
    await expect(one.enter()).rejects.toMatchObject({ code: 'unavailable' })
    expect([one.runningCount, one.waitingCount]).toEqual([1, 1])
    place[Symbol.dispose]()
    const next = await waiting
    expect([one.runningCount, one.waitingCount]).toEqual([1, 0])
    next[Symbol.dispose]()
    expect(one.runningCount).toBe(0)
  })

  test('has a place at once where one is free, and keeps nothing of who finds none', async () => {
    const one = gate(1, 1)
    const place = one.tryEnter()
    expect([one.tryEnter(), one.runningCount, one.waitingCount]).toEqual([undefined, 1, 0])
    const waiting = one.enter()
    place?.[Symbol.dispose]()
    expect([one.tryEnter(), one.runningCount]).toEqual([undefined, 1])
    const next = await waiting
    next[Symbol.dispose]()
    expect(one.runningCount).toBe(0)
  })

  test('serves those who wait in the order they came', async () => {
    const one = gate(1, 10)
    const order: number[] = []
    await Promise.all([1, 2, 3, 4].map((n) => one.run(() => order.push(n))))
    expect(order).toEqual([1, 2, 3, 4])
  })

  test('is left by who is cancelled while waiting', async () => {
    const one = gate(1, 2)
    const place = await one.enter()
    const controller = new AbortController()
    const waiting = one.enter(controller.signal)
    controller.abort(new Error('gone'))
    await expect(waiting).rejects.toThrow('gone')
    expect(one.waitingCount).toBe(0)
    place[Symbol.dispose]()
    place[Symbol.dispose]()
    expect(one.runningCount).toBe(0)
  })

  test('gives the place back when the work fails', async () => {
    const one = gate(1, 0)
    await expect(one.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await one.run(() => 'yes')).toBe('yes')
  })

  test('lets parties take turns, and leaves one place to others', async () => {
    const one = gate(2, 20)
    const order: string[] = []
    const enter = async (party: string) => {
      const place = await one.enter(undefined, party)
      order.push(party)
      return place
    }
    const first = await enter('a')
    const rest = [enter('a'), enter('a'), enter('a')]
    expect([one.runningCount, one.waitingCount]).toEqual([1, 3])
    const other = await enter('b')
    const more = [enter('b'), enter('c'), enter('c')]
    other[Symbol.dispose]()
    ;(await (more[0] as Promise<Disposable>))[Symbol.dispose]()
    ;(await (more[1] as Promise<Disposable>))[Symbol.dispose]()
    ;(await (more[2] as Promise<Disposable>))[Symbol.dispose]()
    first[Symbol.dispose]()
    for (const place of rest) (await place)[Symbol.dispose]()
    expect(order).toEqual(['a', 'b', 'b', 'c', 'c', 'a', 'a', 'a'])
    expect([one.runningCount, one.waitingCount]).toEqual([0, 0])
  })

  test('keeps half of the queue from one party, and forgets parties that left', async () => {
    const one = gate(1, 4)
    const place = await one.enter(undefined, 'a')
    const waiting = [one.enter(undefined, 'a'), one.enter(undefined, 'a')]
    await expect(one.enter(undefined, 'a')).rejects.toMatchObject({ code: 'unavailable' })
    waiting.push(one.enter(undefined, 'b'), one.enter(undefined, 'b'))
    await expect(one.enter(undefined, 'c')).rejects.toMatchObject({ code: 'unavailable' })
    place[Symbol.dispose]()
    await Promise.all(waiting.map(async (next) => (await next)[Symbol.dispose]()))
    expect([one.runningCount, one.waitingCount]).toEqual([0, 0])
  })

  test('shows its figures, each platform its own', async () => {
    const [here, there] = [new Metrics(), new Metrics()]
    const options = { name: 'loads', concurrencyMax: 1, queueMax: 1 }
    const one = new ConcurrencyGate({ ...options, metrics: here })
    new ConcurrencyGate({ ...options, metrics: there })
    using _place = await one.enter()
    const waiting = one.enter()
    const { text } = await here.render()
    expect(text).toContain('hypermesh_loads_running 1')
    expect(text).toContain('hypermesh_loads_waiting 1')
    expect((await there.render()).text).toContain('hypermesh_loads_running 0')
    _place[Symbol.dispose]()
    ;(await waiting)[Symbol.dispose]()
  })
})
