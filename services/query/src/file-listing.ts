import type { Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { isAbsolute, join, relative, sep } from 'node:path'
import { HyperMeshError, printable } from '@hypermesh/contract'
import { hasErrno, toStorageError } from '@hypermesh/object-store'

export interface ListedFile {
  /** As it was found below the root: its directories may say values of partitions. */
  readonly path: string
  /** Behind every link. */
  readonly realPath: string
  readonly bytes: number
  /** Changes when the file does. */
  readonly version: string
}

/** A directory as it is configured, and where it really lies. */
export interface FileRoot {
  readonly given: string
  readonly real: string
}

interface Listing {
  readonly root: string
  readonly filesMax: number
  readonly files: ListedFile[]
  looked: number
}

const depthMax = 32
/** Directory entries that are looked at for each file that may be found. */
const entriesPerFile = 20

/**
 * The files that match a pattern, in the order of their paths. Each is followed to where it really
 * lies: one behind a link that leaves the root is refused, and so is the whole listing. Whether a
 * file outside of the roots exists is not told.
 */
export async function listFiles(
  pattern: string,
  options: { readonly roots: readonly FileRoot[]; readonly filesMax: number },
): Promise<readonly ListedFile[]> {
  const { root, rest } = rootOf(pattern, options.roots)
  const segments = rest.split(sep)
  const listing: Listing = { root, filesMax: options.filesMax, files: [], looked: 0 }
  await walk(listing, root, segments, 0)
  const { files } = listing
  if (files.length > 0) {
    return [...new Map(files.map((file) => [file.path, file])).values()].sort((a, b) =>
      a.path < b.path ? -1 : 1,
    )
  }
  throw new HyperMeshError('not_found', `no file on the server matches ${printable(pattern)}`)
}

function rootOf(pattern: string, roots: readonly FileRoot[]): { root: string; rest: string } {
  const bad = !isAbsolute(pattern) || pattern.includes('\0') || pattern.split(sep).includes('..')
  for (const { given, real } of bad ? [] : roots) {
    const start = [given, real].map(withSeparator).find((each) => pattern.startsWith(each))
    const rest = start === undefined ? '' : pattern.slice(start.length).replace(/^\/+/, '')
    if (rest !== '') return { root: real, rest }
  }
  throw new HyperMeshError(
    'forbidden',
    `${printable(pattern)} is under none of the directories that [query] virtual_roots names`,
  )
}

async function walk(
  listing: Listing,
  directory: string,
  [segment = '', ...rest]: readonly string[],
  depth: number,
): Promise<void> {
  if (depth > depthMax) {
    throw new HyperMeshError('too_large', `the files lie deeper than ${depthMax} directories`)
  }
  if (segment === '' || segment === '.') return walk(listing, directory, rest, depth)
  if (segment === '**') {
    // None, or one more directory and then again.
    await walk(listing, directory, rest.length === 0 ? ['*'] : rest, depth)
    for (const entry of await entriesOf(listing, directory)) {
      if (entry.name.startsWith('.') || !(await isDirectory(entry, directory))) continue
      const inside = join(directory, entry.name)
      await assertInside(listing, inside)
      await walk(listing, inside, ['**', ...rest], depth + 1)
    }
    return
  }
  for (const name of await namesLike(listing, directory, segment)) {
    const path = join(directory, name)
    if (rest.length > 0) {
      await assertInside(listing, path)
      await walk(listing, path, rest, depth + 1)
    } else await addFile(listing, path)
  }
}

async function namesLike(listing: Listing, directory: string, segment: string): Promise<string[]> {
  if (!/[*?[]/.test(segment)) return [segment]
  const pattern = toRegExp(segment)
  const entries = await entriesOf(listing, directory)
  // As in a shell, a pattern does not find what is hidden unless it says so.
  return entries
    .map(({ name }) => name)
    .filter((name) => pattern.test(name) && (segment.startsWith('.') || !name.startsWith('.')))
}

async function entriesOf(listing: Listing, directory: string): Promise<Dirent[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return []
    throw toStorageError(error, 'a directory of a virtual table', 'none')
  })
  listing.looked += entries.length
  const most = listing.filesMax * entriesPerFile
  if (listing.looked <= most) return entries
  throw new HyperMeshError('too_large', `more than ${most} names would have to be looked at`)
}

async function isDirectory(entry: Dirent, directory: string): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory()
  const stats = await stat(join(directory, entry.name)).catch(() => undefined)
  return stats?.isDirectory() === true
}

async function addFile(listing: Listing, path: string): Promise<void> {
  const realPath = await assertInside(listing, path)
  if (realPath === undefined) return
  const stats = await stat(realPath, { bigint: true }).catch(() => undefined)
  if (stats?.isFile() !== true) return
  const version = [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(' ')
  listing.files.push({ path, realPath, bytes: Number(stats.size), version })
  if (listing.files.length <= listing.filesMax) return
  throw new HyperMeshError('too_large', `more than ${listing.filesMax} files match`, {
    details: { filesMax: listing.filesMax },
  })
}

/** Where the path really is; undefined where nothing is. */
async function assertInside({ root }: Listing, path: string): Promise<string | undefined> {
  const real = await realpath(path).catch(() => undefined)
  if (real === undefined || real === root || real.startsWith(withSeparator(root))) return real
  throw new HyperMeshError(
    'forbidden',
    `${printable(relative(root, path))} is a link that leaves its root; files outside are not read`,
  )
}

function withSeparator(path: string): string {
  return path.endsWith(sep) ? path : path + sep
}

/** More would make the matching of a long name slow. */
const starsMax = 8

function toRegExp(segment: string): RegExp {
  const short = segment.replace(/\*+/g, '*')
  if (short.split('*').length - 1 > starsMax) {
    throw new HyperMeshError('invalid', `a name may hold ${starsMax} stars: ${printable(segment)}`)
  }
  const source = short.replace(/\[(!?)([^\]]+)\]|[\s\S]/g, (token, not, set) => {
    if (set !== undefined) return `[${not ? '^' : ''}${set.replace(/[\\[\]^]/g, '\\$&')}]`
    if (token === '*') return '.*'
    return token === '?' ? '.' : token.replace(/[.+^${}()|[\]\\]/g, '\\$&')
  })
  try {
    return new RegExp(`^${source}$`, 'su')
  } catch (cause) {
    throw new HyperMeshError('invalid', `${printable(segment)} is no pattern`, { cause })
  }
}
