// The addon's raw shape, private to this package: `native.ts` loads it, the classes here check arguments
// first. Whatever fails throws or rejects with an Error whose `code` is one of `errors.ts`.

declare const kind: unique symbol

/** One reference to an index. Opaque; collected while open it lets go of it. */
export interface NativeIndex {
  readonly [kind]: 'index'
}

/** An image that is being written. Opaque; collected while open it is closed. */
export interface NativeImage {
  readonly [kind]: 'image'
}

/** What aborts a job. */
export interface NativeCancellation {
  readonly [kind]: 'cancellation'
}

export interface NativeAddon {
  /** Metric and storage by their places in `options.ts`. */
  create(
    metric: number,
    storage: number,
    dimension: number,
    m: number,
    efConstruction: number,
    seed: number,
  ): NativeIndex
  /** What `create` was given. */
  options(index: NativeIndex): [number, number, number, number, number, number]
  attach(id: bigint): NativeIndex
  id(index: NativeIndex): bigint
  /** Ends its jobs soon; they reject with `closed`. Any number of times. */
  close(index: NativeIndex): void

  /** The vectors are copied before this returns. 0 threads: all of the pool. */
  add(
    index: NativeIndex,
    vectors: Float32Array,
    threads: number,
    cancellation: NativeCancellation | undefined,
  ): Promise<number>
  remove(index: NativeIndex, slots: Uint32Array): number
  vectors(index: NativeIndex, slots: Uint32Array, into: Float32Array): void
  /** slots, dead, bytes */
  figures(index: NativeIndex): [number, number, number]
  /** 32 bits each: q × k slots, q × k distances, q counts, the strategy. */
  search(
    index: NativeIndex,
    queries: Float32Array,
    k: number,
    ef: number,
    filter: Uint32Array | undefined,
    threads: number,
    cancellation: NativeCancellation | undefined,
  ): Promise<ArrayBuffer>
  /** Into 2k + 1 places: slots, distances, the count. The strategy, or −1 to ask `search`. */
  searchNow(
    index: NativeIndex,
    query: Float32Array,
    k: number,
    ef: number,
    filter: Uint32Array | undefined,
    into: Uint32Array,
  ): number
  /** The image, and how many bytes its pieces have together. */
  beginImage(
    index: NativeIndex,
    cancellation: NativeCancellation | undefined,
  ): Promise<[NativeImage, number]>
  /** Empty at the end. */
  nextOfImage(image: NativeImage): Promise<ArrayBuffer>
  /** Any number of times. */
  closeImage(image: NativeImage): void
  /** The new index and, in 32 bits each, the old slots of its slots. */
  compact(
    index: NativeIndex,
    threads: number,
    cancellation: NativeCancellation | undefined,
  ): Promise<[NativeIndex, ArrayBuffer]>
  /** The pieces must not change or be transferred until it settles. */
  load(pieces: Uint8Array[]): Promise<NativeIndex>

  /** Of the bytes behind those of `before`; 1: by tables, for tests. */
  crc32c(bytes: Uint8Array, before: number, byTables: 0 | 1): number
  /** The end of the list at `from`, 0 where there is none that has room; how many they are in the last place. */
  readNumbers(text: string, from: number, into: Float64Array): number

  cancellation(): NativeCancellation
  cancel(cancellation: NativeCancellation): void
  setThreads(count: number): void

  /** For tests: the names of the kernels that this machine can run, the chosen one last. */
  kernels(): string[]
  /** Of one of them: l2 and ip of floats, l2 and ip with the second vector as halves. */
  kernelDistances(which: number, a: Float32Array, b: Float32Array, into: Float32Array): void
  /** Rounds floats to halves, in place. */
  kernelHalves(which: number, values: Float32Array): void
  kernelCodeProduct(which: number, query: Float32Array, stored: Float32Array): number
}
