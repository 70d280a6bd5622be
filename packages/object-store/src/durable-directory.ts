import { rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { HyperMeshError } from '@hypermesh/contract'
import { makeDirectory, step, syncDirectory } from './durable-file.ts'
import { hasErrno } from './storage-error.ts'

/**
 * Moves a finished directory, whose content is durable, to its name, all of it at once. Throws `exists`
 * where something stands there; the source stays then.
 */
export async function publishDirectory(from: string, to: string, what: string): Promise<void> {
  await makeDirectory(dirname(to), what)
  try {
    await step('rename', what, () => rename(from, to), 'none', 'unknown')
  } catch (error) {
    if (!hasErrno(error, 'ENOTEMPTY', 'EEXIST', 'ENOTDIR')) throw error
    throw new HyperMeshError('exists', `${what} exists already`, { cause: error })
  }
  await syncDirectory(dirname(to), what)
}

/**
 * Takes a directory away for good, all of it at once: it moves to `retired`, a free name on the same file
 * system which the next start clears should this process end before. False where there is none.
 */
export async function retireDirectory(
  path: string,
  retired: string,
  what: string,
): Promise<boolean> {
  // Else what is missing below would be told as nothing to take away.
  await makeDirectory(dirname(retired), what)
  try {
    await step('rename', what, () => rename(path, retired), 'none', 'unknown')
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return false
    throw error
  }
  await syncDirectory(dirname(path), what)
  await step('unlink', what, () => rm(retired, { recursive: true, force: true }), 'committed')
  return true
}
