import { randomUUID } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { type FileHandle, link, lstat, mkdir, open, rename, rm, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Effect, HyperMeshError } from '@hypermesh/contract'
import { faultPoint } from './fault-points.ts'
import { hasErrno, toStorageError } from './storage-error.ts'

/** `create` throws `exists` where something stands already; `replace` takes its place. */
export type DurableMode = 'create' | 'replace'

export type DurableBody = string | Uint8Array | AsyncIterable<Uint8Array>

export interface PublishOptions {
  readonly mode: DurableMode
  /** Names the file in messages; clients see it, so it is never a path. */
  readonly what?: string
}

export interface WriteOptions extends PublishOptions {
  /** The directory for the file while it is written: this process's own, on the same file system. */
  readonly temporary: string
  readonly bytesMax?: number
  readonly permissions?: number
  readonly signal?: AbortSignal
}

const racesMax = 100

/** Names of files that are still being written; one that is left over is of no use. */
export const draftPrefix = 'draft-'

/**
 * Writes a file so that a crash at any instant leaves it whole or absent (or what it was before), and
 * so that it survives one from the moment the promise is fulfilled. Returns what it is on disk.
 */
export async function writeDurable(
  path: string,
  body: DurableBody,
  options: WriteOptions,
): Promise<BigIntStats> {
  const { mode, temporary, what = 'file' } = options
  const draft = join(temporary, `${draftPrefix}${randomUUID()}`)
  try {
    const stats = await writeDraft(draft, body, options)
    await makeVisible(draft, path, { mode, what })
    return stats
  } finally {
    // Absent after a rename. A failure here loses nothing: the next start clears the directory.
    await rm(draft, { force: true }).catch(() => undefined)
  }
}

/**
 * Moves a finished file, written by other code, to where it is durable and visible. On failure the
 * source stays unless the effect is `unknown`.
 */
export async function publishDurable(
  from: string,
  to: string,
  options: PublishOptions,
): Promise<BigIntStats> {
  const { mode, what = 'file' } = options
  const handle = await opening(what, () => open(from, 'r+'))
  let stats: BigIntStats
  try {
    stats = await seal(handle, what)
  } finally {
    await handle.close()
  }
  await makeVisible(from, to, { mode, what })
  if (mode === 'create') await step('unlink', what, () => rm(from, { force: true }), 'committed')
  return stats
}

/** Removes a file for good. False where there is none. */
export async function removeDurable(path: string, what = 'file'): Promise<boolean> {
  try {
    await step('unlink', what, () => unlink(path), 'none', 'unknown')
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR', 'EISDIR')) return false
    throw error
  }
  await syncDirectoryIfPresent(dirname(path), what)
  return true
}

/** Makes the names in a directory durable. */
export async function syncDirectory(path: string, what = 'directory'): Promise<void> {
  await step('sync-directory', what, () => syncNames(path), 'unknown')
}

async function writeDraft(
  draft: string,
  body: DurableBody,
  { what = 'file', permissions = 0o666, bytesMax = Number.MAX_SAFE_INTEGER, signal }: WriteOptions,
): Promise<BigIntStats> {
  const handle = await opening(what, () => open(draft, 'wx', permissions))
  try {
    let bytes = 0
    for await (const chunk of chunksOf(body, signal)) {
      bytes += chunk.length
      if (bytes > bytesMax) {
        throw new HyperMeshError('too_large', `${what} is larger than ${bytesMax} bytes`, {
          details: { bytesMax },
        })
      }
      await step('write', what, () => writeAll(handle, chunk))
    }
    return await seal(handle, what)
  } finally {
    await handle.close()
  }
}

/** Stamps and syncs the file, so that from here on only its name is missing. */
async function seal(handle: FileHandle, what: string): Promise<BigIntStats> {
  return step('sync', what, async () => {
    const seconds = nextStampMicros() / 1e6
    await handle.utimes(seconds, seconds)
    await handle.sync()
    return handle.stat({ bigint: true })
  })
}

async function makeVisible(
  from: string,
  to: string,
  { mode, what = 'file' }: PublishOptions,
): Promise<void> {
  for (let race = 0; ; race += 1) {
    try {
      if (mode === 'create') await step('link', what, () => link(from, to), 'none', 'unknown')
      else await step('rename', what, () => rename(from, to), 'none', 'unknown')
      break
    } catch (error) {
      if (mode === 'create' && hasErrno(error, 'EEXIST')) {
        throw new HyperMeshError('exists', `${what} exists already`, { cause: error })
      }
      // The directory is missing, or was pruned by a delete between our mkdir and our link.
      if (!hasErrno(error, 'ENOENT') || race >= racesMax) throw error
      await makeDirectory(dirname(to), what)
    }
  }
  await syncDirectoryIfPresent(dirname(to), what)
}

/** Creates the directory and those above it, each durable before anything is put inside. */
export async function makeDirectory(path: string, what: string): Promise<void> {
  for (let race = 0; ; race += 1) {
    try {
      await step('make-directory', what, () => mkdir(path))
      await syncDirectoryIfPresent(dirname(path), what, 'none')
      return
    } catch (error) {
      if (hasErrno(error, 'EEXIST')) {
        await requireDirectory(path, what)
        // Whoever made it just now may not have synced it yet, or may die before.
        return syncDirectoryIfPresent(dirname(path), what, 'none')
      }
      if (!hasErrno(error, 'ENOENT') || race >= racesMax) throw error
      await makeDirectory(dirname(path), what)
    }
  }
}

async function requireDirectory(path: string, what: string): Promise<void> {
  const stats = await lstat(path).catch((error: unknown) => {
    if (hasErrno(error, 'ENOENT')) return undefined
    throw toStorageError(error, what, 'none')
  })
  if (stats === undefined || stats.isDirectory()) return
  const cause = Object.assign(new Error('not a directory'), { code: 'ENOTDIR' })
  throw toStorageError(cause, what, 'none')
}

/** A directory that a concurrent delete has pruned has no names left to make durable. */
async function syncDirectoryIfPresent(
  path: string,
  what: string,
  effect: Effect = 'unknown',
): Promise<void> {
  try {
    await step('sync-directory', what, () => syncNames(path), effect)
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error
  }
}

async function syncNames(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** One step between two fault points; what fails in it comes out translated, with its effect. */
export async function step<T>(
  name: string,
  what: string,
  action: () => Promise<T>,
  ...[before = 'none', after = before]: readonly Effect[]
): Promise<T> {
  let effect = before
  try {
    faultPoint(`${name}:before`)
    const result = await action()
    effect = after
    faultPoint(`${name}:after`)
    return result
  } catch (error) {
    throw toStorageError(error, what, effect)
  }
}

/** The step that leaves something to close when the point behind it fails. */
async function opening(what: string, action: () => Promise<FileHandle>): Promise<FileHandle> {
  let handle: FileHandle | undefined
  try {
    faultPoint('open:before')
    handle = await action()
    faultPoint('open:after')
    return handle
  } catch (error) {
    await handle?.close()
    throw toStorageError(error, what, 'none')
  }
}

async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let offset = 0; offset < chunk.length; ) {
    const { bytesWritten } = await handle.write(chunk, offset, chunk.length - offset)
    offset += bytesWritten
  }
}

async function* chunksOf(
  body: DurableBody,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  signal?.throwIfAborted()
  if (typeof body === 'string') yield new TextEncoder().encode(body)
  else if (body instanceof Uint8Array) yield body
  else if (signal === undefined) yield* body
  else yield* abortable(body, signal)
}

/** Ends a source that stalls: the signal is heard while a chunk is awaited, not only between two. */
async function* abortable(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]()
  let finished = false
  try {
    for (;;) {
      const next = await settledOrAborted(iterator.next(), signal)
      signal.throwIfAborted()
      if (next.done === true) {
        finished = true
        return
      }
      yield next.value
    }
  } finally {
    // Not awaited: it may wait for the very chunk that never comes.
    if (!finished) void Promise.resolve(iterator.return?.()).catch(() => undefined)
  }
}

/**
 * A promise of its own for each chunk: what races one that lives as long as the stream is held by it,
 * and so every chunk of an upload would stay in memory.
 */
function settledOrAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    // The source may have aborted it while it was asked for the chunk.
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

let lastStampMicros = 0

/**
 * The kernel stamps files by a clock of a few milliseconds; two versions of one object, of equal
 * length and with a reused inode, would look the same. Ours never repeats within a process.
 */
function nextStampMicros(): number {
  lastStampMicros = Math.max(Date.now() * 1000, lastStampMicros + 1)
  return lastStampMicros
}
