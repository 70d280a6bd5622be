import { readdir, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { hasErrno, toStorageError } from './storage-error.ts'

const what = 'empty directory'

/**
 * Removes the directory and those above it, below the root, while they are empty. `rmdir` refuses
 * where a file has just come; a writer that finds its directory gone makes it again.
 */
export async function pruneEmptyDirectories(path: string, root: string): Promise<void> {
  for (let directory = path; directory !== root; directory = dirname(directory)) {
    if (!(await removeIfEmpty(directory))) return
  }
}

export async function isEmptyTree(path: string): Promise<boolean> {
  for (const entry of await entriesOf(path)) {
    if (!entry.isDirectory() || !(await isEmptyTree(join(path, entry.name)))) return false
  }
  return true
}

/** False where something came in meanwhile. */
export async function removeEmptyTree(path: string): Promise<boolean> {
  for (const entry of await entriesOf(path)) {
    if (!entry.isDirectory() || !(await removeEmptyTree(join(path, entry.name)))) return false
  }
  return removeIfEmpty(path)
}

/** Removes every directory below, at any depth, that holds nothing but such. */
export async function removeEmptyBelow(path: string): Promise<void> {
  for (const entry of await entriesOf(path)) {
    if (!entry.isDirectory()) continue
    const below = join(path, entry.name)
    await removeEmptyBelow(below)
    await removeIfEmpty(below)
  }
}

async function entriesOf(path: string) {
  try {
    return await readdir(path, { withFileTypes: true })
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return []
    throw toStorageError(error, what, 'none')
  }
}

async function removeIfEmpty(path: string): Promise<boolean> {
  try {
    await rmdir(path)
    return true
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return true
    if (hasErrno(error, 'ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EBUSY')) return false
    throw toStorageError(error, what, 'committed')
  }
}
