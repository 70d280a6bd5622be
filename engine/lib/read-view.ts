import { EngineError, invalid, quote } from './errors.ts'
import { type Instant, toMicros } from './instants.ts'
import type { NativeSnapshot } from './native-types.ts'
import type { Session } from './session.ts'

/** The number of a commit, or an instant: a `Date`, ISO text or a bigint of microseconds. */
export type AsOf = number | bigint | Date | string

/** What readers read: the newest commits, or one snapshot. */
export interface ReadView {
  readonly session: Session
  /** Throws `closed` or `gone`. */
  assertReadable(): void
  /** Runs a read at a point of the past, or at the view's own. */
  at<Result>(asOf: AsOf | undefined, read: (snapshot: NativeSnapshot | null) => Result): Result
  atAsync<Result>(
    asOf: AsOf | undefined,
    read: (snapshot: NativeSnapshot | null) => Promise<Result>,
  ): Promise<Result>
  /** A view that does not change until it is released. */
  hold(asOf: AsOf | undefined): HeldView
}

/** A view that somebody has to release. */
export interface HeldView extends ReadView {
  release(): void
}

/** The commits up to a point of the past. */
export function takeSnapshot(session: Session, asOf: AsOf | undefined): NativeSnapshot {
  const { native, database } = session
  if (asOf === undefined) return session.call(() => native.snapshot(database))
  if (typeof asOf === 'number') {
    if (!Number.isSafeInteger(asOf) || asOf < 0) {
      throw invalid(`asOf is the number of a commit, a Date, text or a bigint, not ${quote(asOf)}`)
    }
    return session.call(() => native.snapshotAtSeq(database, asOf))
  }
  const micros = toMicros(asOf satisfies Instant, session.timeUnit, 'asOf')
  return session.call(() => native.snapshotAtTime(database, BigInt(micros)))
}

/** Each read sees the newest commits at its start. */
export class NewestView implements ReadView {
  readonly session: Session

  constructor(session: Session) {
    this.session = session
  }

  assertReadable(): void {
    this.session.assertOpen()
  }

  at<Result>(asOf: AsOf | undefined, read: (snapshot: NativeSnapshot | null) => Result): Result {
    if (asOf === undefined) return read(null)
    const snapshot = takeSnapshot(this.session, asOf)
    try {
      return read(snapshot)
    } finally {
      this.session.native.closeSnapshot(snapshot)
    }
  }

  async atAsync<Result>(
    asOf: AsOf | undefined,
    read: (snapshot: NativeSnapshot | null) => Promise<Result>,
  ): Promise<Result> {
    if (asOf === undefined) return await read(null)
    const snapshot = takeSnapshot(this.session, asOf)
    try {
      return await read(snapshot)
    } finally {
      this.session.native.closeSnapshot(snapshot)
    }
  }

  hold(asOf: AsOf | undefined): HeldView {
    const snapshot = takeSnapshot(this.session, asOf)
    return new PinnedView(this.session, {
      take: () => snapshot,
      release: () => this.session.native.closeSnapshot(snapshot),
    })
  }
}

/** Every read sees one state. */
export class PinnedView implements HeldView {
  readonly session: Session
  readonly #take: () => NativeSnapshot
  readonly #release: () => void

  constructor(
    session: Session,
    pin: { readonly take: () => NativeSnapshot; readonly release: () => void },
  ) {
    this.session = session
    this.#take = pin.take
    this.#release = pin.release
  }

  assertReadable(): void {
    this.#take()
    this.session.assertOpen()
  }

  at<Result>(asOf: AsOf | undefined, read: (snapshot: NativeSnapshot | null) => Result): Result {
    assertNoAsOf(asOf)
    return read(this.#take())
  }

  async atAsync<Result>(
    asOf: AsOf | undefined,
    read: (snapshot: NativeSnapshot | null) => Promise<Result>,
  ): Promise<Result> {
    assertNoAsOf(asOf)
    return await read(this.#take())
  }

  hold(asOf: AsOf | undefined): HeldView {
    assertNoAsOf(asOf)
    // Whoever holds the outer view releases it.
    return new PinnedView(this.session, { take: this.#take, release: () => undefined })
  }

  release(): void {
    this.#release()
  }
}

function assertNoAsOf(asOf: AsOf | undefined): void {
  if (asOf === undefined) return
  throw new EngineError('invalid', 'a snapshot shows one state, so that asOf has no place in it')
}
