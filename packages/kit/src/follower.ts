import { HyperMeshError } from '@hypermesh/contract'
import type { Clock } from './clock.ts'
import { toHyperMeshError } from './to-hypermesh-error.ts'

export interface FollowerOptions<Item extends object> {
  /** Those that are to be brought up to date by themselves, now. */
  readonly followed: () => readonly Item[]
  /** A number that is another once something may have changed. */
  readonly position: (signal: AbortSignal) => Promise<number>
  /** Brings one up to date. */
  readonly sync: (item: Item, signal: AbortSignal) => Promise<void>
  readonly onFailure: (item: Item, error: HyperMeshError) => void
  /** The position cannot be asked for now. */
  readonly onUnknown: (error: unknown) => void
  /** At once; the others have their turn at a later look. */
  readonly concurrencyMax: () => number
  readonly clock: Clock
  /** Between two looks. */
  readonly followMs: number
}

/** What is known of one beside what it keeps itself; gone with a restart, which finds it anew. */
interface Following {
  running: Promise<void> | undefined
  /** What changes it, for which the next run waits. */
  changing: Promise<unknown> | undefined
  failure: FollowFailure | undefined
  /** The position before the last look; undefined: look again. */
  seen: number | undefined
}

export interface FollowFailure {
  readonly error: HyperMeshError
  readonly at: string
}

/**
 * Keeps things what others are: whenever those may have changed, when told to, and after a failure
 * that may pass. Of each at most one run is under way.
 */
export class Follower<Item extends object> implements AsyncDisposable {
  readonly #options: FollowerOptions<Item>
  readonly #following = new WeakMap<Item, Following>()
  readonly #running = new Set<Promise<void>>()
  readonly #stopping = new AbortController()
  readonly #timer: NodeJS.Timeout
  #looking: Promise<void> | undefined

  constructor(options: FollowerOptions<Item>) {
    this.#options = options
    this.#timer = setInterval(() => this.#lookOnce(), options.followMs)
    this.#timer.unref()
  }

  /**
   * Where one stands, `running` being the caller's word for what changes it now. What is current is
   * so while a run looks at it too: most runs find nothing.
   */
  stateOf<Running extends string>(
    item: Item,
    running: Running,
    { isCurrent, hasFailed }: { readonly isCurrent: boolean; readonly hasFailed: boolean },
  ): Running | 'current' | 'behind' | 'failed' {
    if (isCurrent && !hasFailed) return 'current'
    if (this.#of(item).running !== undefined) return running
    return hasFailed ? 'failed' : 'behind'
  }

  failureOf(item: Item): FollowFailure | undefined {
    return this.#of(item).failure
  }

  /** Forgets failures, so that the next look begins anew. */
  renew(item: Item): void {
    const following = this.#of(item)
    following.failure = undefined
    following.seen = undefined
  }

  /** Begins, or joins what runs already; failures are kept, not thrown. */
  run(item: Item, seen?: number): Promise<void> {
    const following = this.#of(item)
    if (following.running !== undefined) return following.running
    const running = this.#work(item, following, seen).finally(() => {
      following.running = undefined
      this.#running.delete(running)
    })
    following.running = running
    this.#running.add(running)
    return running
  }

  /** Returns once a run has ended that began after this was called; throws why it failed. */
  async sync(item: Item, signal: AbortSignal): Promise<void> {
    // What runs may have looked before.
    await orAborted(this.#of(item).running, signal)
    await orAborted(this.run(item), signal)
    const { failure } = this.#of(item)
    if (failure !== undefined) throw failure.error
  }

  /** Between two runs and by itself, so that no run goes on with what was changed. */
  async alone<Result>(item: Item, work: () => Promise<Result>): Promise<Result> {
    const following = this.#of(item)
    for (;;) {
      const { running, changing } = following
      if (running === undefined && changing === undefined) break
      await running
      await changing?.catch(() => undefined)
    }
    const changing = work().finally(() => {
      following.changing = undefined
    })
    following.changing = changing
    return await changing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    this.#stopping.abort(new HyperMeshError('cancelled', 'the service stops', { effect: 'none' }))
    await this.#looking
    await Promise.all(this.#running)
  }

  async #work(item: Item, following: Following, seen: number | undefined): Promise<void> {
    const { signal } = this.#stopping
    try {
      await following.changing?.catch(() => undefined)
      await this.#options.sync(item, signal)
      following.failure = undefined
      following.seen = seen
    } catch (thrown) {
      if (signal.aborted) return
      const error = toHyperMeshError(thrown)
      following.failure = { error, at: new Date(this.#options.clock.nowMs()).toISOString() }
      following.seen = error.retryable ? undefined : seen
      this.#options.onFailure(item, error)
    }
  }

  #lookOnce(): void {
    this.#looking ??= this.#lookAtAll()
      .catch((error: unknown) => this.#options.onUnknown(error))
      .finally(() => {
        this.#looking = undefined
      })
  }

  async #lookAtAll(): Promise<void> {
    const { followed, position, concurrencyMax } = this.#options
    const items = followed()
    if (items.length === 0) return
    const now = await position(this.#stopping.signal)
    for (const item of items) {
      const following = this.#of(item)
      if (following.running !== undefined || following.seen === now) continue
      if (this.#running.size >= concurrencyMax()) return
      void this.run(item, now)
    }
  }

  #of(item: Item): Following {
    const known = this.#following.get(item)
    if (known !== undefined) return known
    const following = {
      ...{ running: undefined, changing: undefined, failure: undefined, seen: undefined },
    }
    this.#following.set(item, following)
    return following
  }
}

/** As it may be told; the real message of some is for the log. */
export function tellFailure({ error, at }: FollowFailure) {
  const { code, message, details } = error
  const hidden = code === 'internal' || code === 'corrupt'
  return { code, message: hidden ? 'see the server log' : message, at, ...(details && { details }) }
}

/** What was begun goes on when its caller has gone. */
async function orAborted(work: Promise<void> | undefined, signal: AbortSignal): Promise<void> {
  if (work === undefined) return
  signal.throwIfAborted()
  let onAbort = () => {}
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
