import { HnswError, settle, toHnswError } from './errors.ts'
import { HnswImage } from './hnsw-image.ts'
import { limits } from './limits.ts'
import { loadNative } from './native.ts'
import type { NativeCancellation, NativeIndex } from './native-types.ts'
import { assertWhole, completeOptions, type HnswOptions, metrics, storages } from './options.ts'
import { type SearchResult, toSearchResult, toSingleResult } from './search-result.ts'
import type { SlotSet } from './slot-set.ts'

export interface WorkOptions {
  /** At most so many of the pool's; all of them unless said. */
  readonly threads?: number
  readonly signal?: AbortSignal | undefined
}

export interface Compacted {
  readonly index: HnswIndex
  /** By the new slot, the old one. */
  readonly slots: Uint32Array
}

export interface SearchNowOptions {
  readonly k: number
  /** Candidates: more find better and take longer. At least k; 64, or k where that is more. */
  readonly ef?: number
  /** Only these are found. */
  readonly allow?: SlotSet | undefined
}

export interface SearchOptions extends SearchNowOptions, WorkOptions {}

const efByDefault = 64

/**
 * A graph of vectors in memory that finds the nearest ones. Vectors get dense numbers, slots, in the order
 * in which they are added; a removed one keeps its slot until a compaction.
 *
 * @example
 * using index = HnswIndex.create({ dimension: 3, metric: 'cosine', storage: 'f16' })
 * await index.add(Float32Array.of(1, 0, 0, 0, 1, 0))
 * const { slots, distances } = await index.search(Float32Array.of(1, 0.1, 0), { k: 1 })
 */
export class HnswIndex {
  readonly options: Required<HnswOptions>
  readonly #native: NativeIndex

  private constructor(native: NativeIndex) {
    this.#native = native
    const [metric, storage, dimension, m, efConstruction, seed] = loadNative().options(native)
    this.options = {
      dimension,
      // The addon takes and gives no other places.
      metric: metrics[metric] as HnswOptions['metric'],
      storage: storages[storage] as HnswOptions['storage'],
      m,
      efConstruction,
      seed,
    }
  }

  static create(options: HnswOptions): HnswIndex {
    const { dimension, metric, storage, m, efConstruction, seed } = completeOptions(options)
    const places = [metrics.indexOf(metric), storages.indexOf(storage)] as const
    return new HnswIndex(
      call(() => loadNative().create(...places, dimension, m, efConstruction, seed)),
    )
  }

  /**
   * From the pieces that `save` gave, whole or in any pieces; it must not change meanwhile. Damaged bytes are
   * `corrupt`, or an index that differs only in the values of vectors and links: check a checksum before.
   */
  static async load(image: Uint8Array | readonly Uint8Array[]): Promise<HnswIndex> {
    const pieces = image instanceof Uint8Array ? [image] : [...image]
    return new HnswIndex(await settle(() => loadNative().load(pieces)))
  }

  /** The index of a `handle`, from any thread; `closed` when it is open nowhere any more. */
  static attach(handle: bigint): HnswIndex {
    return new HnswIndex(call(() => loadNative().attach(handle)))
  }

  /** For `attach` on another thread. The index lives while it is open anywhere. */
  get handle(): bigint {
    return call(() => loadNative().id(this.#native))
  }

  /** That were given out, dead ones included. */
  get slots(): number {
    return this.#figures()[0]
  }

  /** That were removed and still take memory. */
  get dead(): number {
    return this.#figures()[1]
  }

  get memoryBytes(): number {
    return this.#figures()[2]
  }

  /**
   * Adds vectors, one after the other in `vectors`, on the pool; resolves to the first of as many
   * consecutive slots. When it rejects, none of them can be found.
   */
  async add(vectors: Float32Array, options: WorkOptions = {}): Promise<number> {
    const threads = threadsOf(options)
    return withSignal(options.signal, (cancellation) =>
      loadNative().add(this.#native, vectors, threads, cancellation),
    )
  }

  /** How many of them were alive; none of them is found any more. */
  remove(slots: Uint32Array | readonly number[]): number {
    return call(() => loadNative().remove(this.#native, slotsOf(slots)))
  }

  /** As they are stored: under cosine of length one, rounded as the storage does. Removed ones too. */
  vectors(slots: Uint32Array | readonly number[]): Float32Array {
    const wanted = slotsOf(slots)
    const vectors = new Float32Array(wanted.length * this.options.dimension)
    call(() => loadNative().vectors(this.#native, wanted, vectors))
    return vectors
  }

  /** The nearest of each query, on the pool: min(k, how many are allowed and alive), always. */
  async search(queries: Float32Array, options: SearchOptions): Promise<SearchResult> {
    const { k, ef } = candidatesOf(options)
    const threads = threadsOf(options)
    const words = options.allow?.words
    const count = queries.length / this.options.dimension
    const buffer = await withSignal(options.signal, (cancellation) =>
      loadNative().search(this.#native, queries, k, ef, words, threads, cancellation),
    )
    return toSearchResult(buffer, count, k)
  }

  /**
   * One query, here and now; undefined while vectors are being added, and where a filter leaves millions of
   * numbers to compare: `search` takes its time on the pool.
   */
  searchSync(query: Float32Array, options: SearchNowOptions): SearchResult | undefined {
    const { k, ef } = candidatesOf(options)
    const into = new Uint32Array(2 * k + 1)
    const words = options.allow?.words
    const strategy = call(() => loadNative().searchNow(this.#native, query, k, ef, words, into))
    return strategy < 0 ? undefined : toSingleResult(into, k, strategy)
  }

  /**
   * A new index without the removed slots, and from which slot each of its slots came, in the same order.
   * This one stays as it is and searchable; what is added to it or removed from it meanwhile may be missing
   * there, or be there still: add slots from `slots` of the start on, and remove what was removed since, again.
   */
  async compact(options: WorkOptions = {}): Promise<Compacted> {
    const threads = threadsOf(options)
    const [native, slots] = await withSignal(options.signal, (cancellation) =>
      loadNative().compact(this.#native, threads, cancellation),
    )
    return { index: new HnswIndex(native), slots: new Uint32Array(slots) }
  }

  /**
   * The whole index as bytes, as it is when this is fulfilled, whatever is added and removed while they
   * are read: to be closed, as lists of links that change are kept for it.
   */
  async save({ signal }: Pick<WorkOptions, 'signal'> = {}): Promise<HnswImage> {
    const [native, bytes] = await withSignal(signal, (cancellation) =>
      loadNative().beginImage(this.#native, cancellation),
    )
    return new HnswImage(native, bytes)
  }

  /** Lets go of the index; what this object has begun rejects with `closed`. Any number of times. */
  close(): void {
    loadNative().close(this.#native)
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #figures(): readonly [number, number, number] {
    return call(() => loadNative().figures(this.#native))
  }
}

/** Threads of the process for searches, and as many for builds; all cores unless said. */
export function setThreads(count: number): void {
  assertWhole(count, 'threads', 1, limits.threadsMax)
  loadNative().setThreads(count)
}

function candidatesOf({ k, ef = Math.max(k, efByDefault) }: SearchNowOptions) {
  assertWhole(k, 'k', 1, limits.efMax)
  assertWhole(ef, 'ef', 1, limits.efMax)
  return { k, ef }
}

function threadsOf({ threads }: WorkOptions): number {
  if (threads === undefined) return 0
  assertWhole(threads, 'threads', 1, limits.threadsMax)
  return threads
}

function slotsOf(slots: Uint32Array | readonly number[]): Uint32Array {
  if (slots instanceof Uint32Array) return slots
  // By its place: what is odd may be undefined, which would become slot 0.
  const odd = slots.findIndex((slot) => !(Number.isInteger(slot) && slot >= 0 && slot < 2 ** 32))
  if (odd !== -1) throw new HnswError('invalid', `${slots[odd]} is no slot`)
  return Uint32Array.from(slots)
}

function call<T>(run: () => T): T {
  try {
    return run()
  } catch (thrown) {
    throw toHnswError(thrown)
  }
}

/** Begins a job that ends early when the signal says so. */
async function withSignal<T>(
  signal: AbortSignal | undefined,
  begin: (cancellation: NativeCancellation | undefined) => Promise<T>,
): Promise<T> {
  if (signal === undefined) return settle(() => begin(undefined))
  if (signal.aborted) {
    throw new HnswError('aborted', 'aborted by its signal', { cause: signal.reason })
  }
  const addon = loadNative()
  const cancellation = addon.cancellation()
  const cancel = () => addon.cancel(cancellation)
  signal.addEventListener('abort', cancel, { once: true })
  try {
    return await settle(() => begin(cancellation), signal)
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}
