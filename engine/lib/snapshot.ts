import { EngineError } from './errors.ts'
import type { NativeSnapshot } from './native-types.ts'
import { NodeReader } from './node-reader.ts'
import { type AsOf, PinnedView, takeSnapshot } from './read-view.ts'
import type { Session } from './session.ts'
import { TableReader } from './table-reader.ts'

const timerMsMax = 2 ** 31 - 1

/** What outlives the handle: so that its timer does not keep the handle from being collected. */
interface Pin {
  state: 'open' | 'closed' | 'expired'
  readonly native: NativeSnapshot
  readonly close: () => void
  timer: NodeJS.Timeout | undefined
}

const forgotten = new FinalizationRegistry<Pin>((pin) => {
  if (pin.state !== 'open') return
  unpin(pin, 'closed')
  process.emitWarning(
    'a snapshot was garbage-collected open; close it, or declare it with "using": until it is closed, what it shows cannot be dropped from disk',
    { code: 'HYPERGRAPH_SNAPSHOT_LEAK' },
  )
})

/**
 * One state of the database, whatever is written meanwhile. Keeps old files on disk until it is closed,
 * so close it, or declare it with `using`.
 */
export class Snapshot implements Disposable {
  /** The last commit that it shows. */
  readonly seq: number
  readonly #pin: Pin
  readonly #view: PinnedView

  /** @internal */
  constructor(
    session: Session,
    options: { readonly asOf: AsOf | undefined; readonly ageMaxMs: number },
  ) {
    const native = takeSnapshot(session, options.asOf)
    const pin = toPin(session, native)
    if (options.ageMaxMs <= timerMsMax) {
      pin.timer = setTimeout(unpin, options.ageMaxMs, pin, 'expired').unref()
    }
    this.#pin = pin
    this.#view = new PinnedView(session, {
      take: () => this.#native(),
      release: () => this.close(),
    })
    this.seq = session.call(() => session.native.snapshotFigures(native)[0] ?? 0)
    forgotten.register(this, pin, pin)
  }

  /** Whether reads are refused, because of `close` or its age. */
  get isClosed(): boolean {
    return this.#pin.state !== 'open'
  }

  /** The table as this state has it. */
  table(name: string): TableReader {
    this.#view.layout(name)
    return new TableReader(name, this.#view)
  }

  /** The node properties as this state has them. */
  get nodes(): NodeReader {
    return new NodeReader(this.#view)
  }

  /** Any number of times; reads that run are finished. */
  close(): void {
    forgotten.unregister(this.#pin)
    unpin(this.#pin, 'closed')
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #native(): NativeSnapshot {
    const { state, native } = this.#pin
    if (state === 'open') return native
    if (state === 'closed') throw new EngineError('closed', 'the snapshot is closed')
    throw new EngineError('gone', 'the snapshot reached its age (snapshotAgeMaxMs); take a new one')
  }
}

/** By itself: a function made in the constructor would keep the handle alive with all else there. */
function toPin(session: Session, native: NativeSnapshot): Pin {
  const close = () => session.native.closeSnapshot(native)
  return { state: 'open', native, close, timer: undefined }
}

function unpin(pin: Pin, state: 'closed' | 'expired'): void {
  if (pin.state !== 'open') return
  pin.state = state
  clearTimeout(pin.timer)
  pin.close()
}
