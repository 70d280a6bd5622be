import type { ObjectHead, ObjectPage } from '@hypermesh/contract'
import type { ByteRange } from './byte-range.ts'

export interface PutOptions {
  /** `*`: create only; throws `exists` where the key has an object. */
  readonly ifNoneMatch?: '*'
  readonly bytesMax?: number
  readonly signal?: AbortSignal
}

export interface GetOptions {
  readonly range?: ByteRange
  readonly signal?: AbortSignal
}

/** One version of an object, open until its body ends, is left, or this is disposed. */
export interface OpenObject extends AsyncDisposable {
  readonly head: ObjectHead
  /** What the body holds of the object: `[start, end)`. */
  readonly start: number
  readonly end: number
  readonly body: AsyncIterable<Uint8Array>
}

export interface ListOptions {
  readonly prefix?: string
  /** Only keys after this one, in byte order. */
  readonly after?: string
  readonly limit: number
}

/**
 * Objects by key. A put is atomic and durable when it is fulfilled; a get sees one whole version.
 * Keys are as `parseObjectKey` allows them; `packages/testing` has the suite that each back end passes.
 */
export interface ObjectStore {
  put(
    key: string,
    body: Uint8Array | AsyncIterable<Uint8Array>,
    options?: PutOptions,
  ): Promise<ObjectHead>
  /** Throws `not_found`, or `range` with `details.bytes` where nothing of the range exists. */
  get(key: string, options?: GetOptions): Promise<OpenObject>
  /** The whole object in memory; throws `too_large` above `bytesMax`. */
  read(key: string, options?: { bytesMax?: number; signal?: AbortSignal }): Promise<Uint8Array>
  head(key: string): Promise<ObjectHead | undefined>
  list(options: ListOptions): Promise<ObjectPage>
  /** False where there was none. */
  delete(key: string): Promise<boolean>
  /** Where other code on this machine may read the object; undefined where objects are not files. */
  localPath(key: string): string | undefined
  /** Moves a finished file of this machine in, create-only: throws `exists`, then the file stays. */
  publish(localFile: string, key: string): Promise<ObjectHead>
}
