import { EngineError, invalid, quote } from './errors.ts'
import { type Instant, toMicros } from './instants.ts'
import type { NativeSnapshot } from './native-types.ts'
import type { Catalog, TableLayout } from './schema.ts'
import type { Session } from './session.ts'

/** The number of a commit, or an instant: a `Date`, ISO text or a bigint of microseconds. */
export type AsOf = number | bigint | Date | string

/** The state that one read sees. */
export interface ReadPoint {
  /** Null: the newest commits. */
  readonly snapshot: NativeSnapshot | null
  /** The table as this state declares it. Throws `not_found` when it has none of that name. */
  layout(name: string): TableLayout
}

/** What readers read: the newest commits, or one snapshot. */
export interface ReadView {
  readonly session: Session
  /** Throws `closed` or `gone`. */
  assertReadable(): void
  /** The table as the view's own state declares it. Throws `not_found`. */
  layout(name: string): TableLayout
  /** The view's own. */
  point(): ReadPoint
  /** Runs a read at a point of the past, or at the view's own. */
  at<Result>(asOf: AsOf | undefined, read: (point: ReadPoint) => Result): Result
  atAsync<Result>(
    asOf: AsOf | undefined,
    read: (point: ReadPoint) => Promise<Result>,
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
export class NewestView implements ReadView, ReadPoint {
  readonly session: Session
  readonly snapshot = null

  constructor(session: Session) {
    this.session = session
  }

  assertReadable(): void {
    this.session.assertOpen()
  }

  layout(name: string): TableLayout {
    return this.session.layout(name)
  }

  point(): ReadPoint {
    return this
  }

  at<Result>(asOf: AsOf | undefined, read: (point: ReadPoint) => Result): Result {
    if (asOf === undefined) return read(this.#newest())
    const snapshot = takeSnapshot(this.session, asOf)
    try {
      return read(pointAt(this.session, snapshot))
    } finally {
      this.session.native.closeSnapshot(snapshot)
    }
  }

  async atAsync<Result>(
    asOf: AsOf | undefined,
    read: (point: ReadPoint) => Promise<Result>,
  ): Promise<Result> {
    if (asOf === undefined) return await read(this.#newest())
    const snapshot = takeSnapshot(this.session, asOf)
    try {
      return await read(pointAt(this.session, snapshot))
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

  #newest(): ReadPoint {
    return { snapshot: null, layout: (name) => this.session.layout(name) }
  }
}

/** Every read sees one state. */
export class PinnedView implements HeldView {
  readonly session: Session
  readonly #take: () => NativeSnapshot
  readonly #release: () => void
  /** It stays as it is, whatever is declared meanwhile. */
  #catalog: Catalog | undefined

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

  layout(name: string): TableLayout {
    return this.#schema().layout(name)
  }

  has(name: string): boolean {
    return this.#schema().find(name) !== undefined
  }

  point(): ReadPoint {
    return { snapshot: this.#take(), layout: (name) => this.layout(name) }
  }

  at<Result>(asOf: AsOf | undefined, read: (point: ReadPoint) => Result): Result {
    assertNoAsOf(asOf)
    return read(this.point())
  }

  async atAsync<Result>(
    asOf: AsOf | undefined,
    read: (point: ReadPoint) => Promise<Result>,
  ): Promise<Result> {
    assertNoAsOf(asOf)
    return await read(this.point())
  }

  hold(asOf: AsOf | undefined): HeldView {
    assertNoAsOf(asOf)
    // Whoever holds the outer view releases it.
    return new PinnedView(this.session, { take: this.#take, release: () => undefined })
  }

  release(): void {
    this.#release()
  }

  #schema(): Catalog {
    const snapshot = this.#take()
    this.#catalog ??= this.session.catalogAt(snapshot)
    return this.#catalog
  }
}

function pointAt(session: Session, snapshot: NativeSnapshot): ReadPoint {
  return { snapshot, layout: (name) => session.catalogAt(snapshot).layout(name) }
}

function assertNoAsOf(asOf: AsOf | undefined): void {
  if (asOf === undefined) return
  throw new EngineError('invalid', 'a snapshot shows one state, so that asOf has no place in it')
}
