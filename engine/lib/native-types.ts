// The addon's raw shape, private to this package: `native.ts` loads it, the classes here check arguments
// first. The bytes are those of WIRE.md. Whatever fails throws or rejects with an Error whose `code` is one
// of `errors.ts`; after close it is 'closed'.

declare const kind: unique symbol

/** An open database. Opaque; collected while open it is closed behind its last user. */
export interface NativeDatabase {
  readonly [kind]: 'database'
}

/** One state for readers. Keeps its files and memory alive until it is closed or collected. */
export interface NativeSnapshot {
  readonly [kind]: 'snapshot'
}

/** 0: survives a power failure. 1: survives the end of the process. */
export type NativeDurability = 0 | 1

/** What is absent has the default of options.h. */
export interface NativeOpenOptions {
  readonly readOnly?: boolean
  readonly createIfMissing?: boolean
  readonly background?: boolean
  readonly memtableBytesMax?: number
  readonly memtableRecordsMax?: number
  readonly logAllocateBytes?: number
  readonly segmentRecordsMax?: number
  readonly commitBytesMax?: number
  readonly textBytesMax?: number
  readonly commitQueueMax?: number
  readonly commitQueueBytesMax?: number
}

export interface NativeAddon {
  open(path: string, options: NativeOpenOptions): Promise<NativeDatabase>
  /** Cancels queries on the pool, waits for running commits. Any number of times, in any order. */
  close(database: NativeDatabase): Promise<void>
  isClosed(database: NativeDatabase): boolean

  /**
   * A batch as one commit; its bytes are copied before this returns. The receipt: seq, instant of the
   * commit in µs, inserted, updated, deleted, duplicates, first id, then one id a row of the inserts,
   * or none when all are fresh: then they are first id, first id + 1, …
   */
  commit(
    database: NativeDatabase,
    batch: Uint8Array,
    durability: NativeDurability,
  ): Promise<Float64Array>

  snapshot(database: NativeDatabase): NativeSnapshot
  snapshotAtSeq(database: NativeDatabase, seq: number): NativeSnapshot
  snapshotAtTime(database: NativeDatabase, micros: bigint): NativeSnapshot
  closeSnapshot(snapshot: NativeSnapshot): void
  /** seq, history floor, instant at which it was taken in µs. */
  snapshotFigures(snapshot: NativeSnapshot): Float64Array
  /** The instant of the last commit up to seq, in µs. */
  committedAt(database: NativeDatabase, seq: number): bigint

  /**
   * Runs the plan in the first `bytes` of `plan`, all unless given, here and now, against the newest
   * commits when `snapshot` is null.
   */
  query(
    database: NativeDatabase,
    snapshot: NativeSnapshot | null,
    plan: Uint8Array,
    bytes?: number,
  ): ArrayBuffer
  /** The same; undefined where the result has room in `room`, and lies there. */
  query(
    database: NativeDatabase,
    snapshot: NativeSnapshot | null,
    plan: Uint8Array,
    bytes: number,
    room: ArrayBuffer,
  ): ArrayBuffer | undefined
  /**
   * The same on the engine's own threads. `token` is a number of the caller's choice, which `cancel`
   * takes until the promise has settled; 0 is none.
   */
  queryAsync(
    database: NativeDatabase,
    snapshot: NativeSnapshot | null,
    plan: Uint8Array,
    token: number,
  ): Promise<ArrayBuffer>
  /** The query with this token rejects with 'cancelled'. Nothing when there is none. */
  cancel(database: NativeDatabase, token: number): void

  /** The keys of node numbers. */
  nodeKeys(database: NativeDatabase, nodes: Uint32Array): ArrayBuffer
  /**
   * The first `rows` rows of a result as JSON objects with the byte `between` between them, by a `shape` of
   * WIRE.md: how many bytes of `room` from `at` on they took, or their own bytes where they have no room there,
   * whose rest may have been written over.
   */
  jsonRows(
    database: NativeDatabase,
    result: ArrayBuffer,
    shape: Uint8Array,
    rows: number,
    between: number,
    room: Uint8Array,
    at: number,
  ): number | ArrayBuffer
  /** The symbols from the number `first` on; the first of all is 1. */
  symbols(database: NativeDatabase, first: number): ArrayBuffer
  /** JSON. */
  schema(database: NativeDatabase, snapshot: NativeSnapshot | null): string
  schemaVersion(database: NativeDatabase, snapshot: NativeSnapshot | null): number

  /** JSON: an OpenReport of database.h, keys in camelCase, as in all reports. */
  openReport(database: NativeDatabase): string
  stats(database: NativeDatabase): Promise<string>
  check(database: NativeDatabase): Promise<string>
  backup(database: NativeDatabase, directory: string): Promise<string>
  flush(database: NativeDatabase): Promise<void>
  compact(database: NativeDatabase): Promise<void>
  /** Read-only: takes up what the writer has committed since. */
  refresh(database: NativeDatabase): Promise<void>
  /** Of files; nobody may have the database open. JSON: a CheckReport, a RepairReport. */
  restore(backup: string, directory: string): Promise<string>
  repair(directory: string): Promise<string>
}
