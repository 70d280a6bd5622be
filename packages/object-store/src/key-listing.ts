import { opendir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { isKeySegment } from './object-key.ts'
import { hasErrno, toStorageError } from './storage-error.ts'

const what = 'list of objects'

interface ListingOptions {
  readonly prefix: string
  readonly after: string
  /** How many names of one directory are held at once. */
  readonly batch: number
}

interface Entry {
  readonly name: string
  readonly isDirectory: boolean
  /** The whole key, with a slash behind a directory: keys sort by these bytes. */
  readonly sortKey: Buffer
}

/**
 * The keys below a root in byte order. A directory is read in batches of its least names, again for
 * each batch, so that memory does not grow with it.
 */
export async function* listKeys(root: string, options: ListingOptions): AsyncGenerator<string> {
  const start = options.prefix.slice(0, options.prefix.lastIndexOf('/') + 1)
  if (!(await isReal(join(root, start)))) return
  yield* keysBelow(root, start, options)
}

/** Whether the directory is there without a symbolic link on the way. The root itself is real. */
async function isReal(directory: string): Promise<boolean> {
  try {
    return join(await realpath(directory), '/') === join(directory, '/')
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return false
    throw toStorageError(error, what, 'none')
  }
}

async function* keysBelow(
  root: string,
  parent: string,
  options: ListingOptions,
): AsyncGenerator<string> {
  let floor: Buffer | undefined
  for (;;) {
    const entries = await leastEntries(root, parent, { ...options, floor })
    for (const entry of entries) {
      const key = `${parent}${entry.name}`
      if (entry.isDirectory) yield* keysBelow(root, `${key}/`, options)
      else yield key
    }
    if (entries.length < options.batch) return
    floor = entries.at(-1)?.sortKey
  }
}

async function leastEntries(
  root: string,
  parent: string,
  options: ListingOptions & { readonly floor: Buffer | undefined },
): Promise<Entry[]> {
  const after = Buffer.from(options.after)
  let least: Entry[] = []
  for await (const entry of entriesOf(root, parent)) {
    if (options.floor !== undefined && entry.sortKey.compare(options.floor) <= 0) continue
    if (!mayHold(entry, parent, options.prefix) || isPast(entry, after)) continue
    least.push(entry)
    if (least.length >= 2 * options.batch) least = firstOf(least, options.batch)
  }
  return firstOf(least, options.batch)
}

function firstOf(entries: Entry[], count: number): Entry[] {
  return entries.sort((a, b) => a.sortKey.compare(b.sortKey)).slice(0, count)
}

/** Whether the entry, or a key below it, can start with the prefix. */
function mayHold(entry: Entry, parent: string, prefix: string): boolean {
  const key = `${parent}${entry.name}${entry.isDirectory ? '/' : ''}`
  return key.startsWith(prefix) || (entry.isDirectory && prefix.startsWith(key))
}

/** Whether neither the entry nor a key below it comes after `after`. */
function isPast(entry: Entry, after: Buffer): boolean {
  if (entry.sortKey.compare(after) > 0) return false
  const holdsAfter = after.subarray(0, entry.sortKey.length).equals(entry.sortKey)
  return !(entry.isDirectory && holdsAfter)
}

async function* entriesOf(root: string, parent: string): AsyncGenerator<Entry> {
  try {
    for await (const entry of await opendir(join(root, parent))) {
      // Links are never followed; other names were not written by a store.
      if (!(entry.isFile() || entry.isDirectory()) || !isKeySegment(entry.name)) continue
      const slash = entry.isDirectory() ? '/' : ''
      const sortKey = Buffer.from(`${parent}${entry.name}${slash}`)
      yield { name: entry.name, isDirectory: entry.isDirectory(), sortKey }
    }
  } catch (error) {
    // A concurrent delete has pruned it.
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return
    throw toStorageError(error, what, 'none')
  }
}
