import { randomBytes } from 'node:crypto'
import { link, mkdir, readdir, realpath, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { HyperMeshError } from '@hypermesh/contract'
import { makeLevels } from './directory-levels.ts'
import { removeEmptyBelow } from './directory-pruning.ts'
import { draftPrefix, syncDirectory } from './durable-file.ts'
import { faultPoint } from './fault-points.ts'
import { isOwnerAlive, type Liveness, livenessFiles, proveLiveness } from './liveness.ts'
import { errnoOf, hasErrno } from './storage-error.ts'

/** A directory that this process uses, perhaps with others on the same machine. */
export interface DataDirectory extends AsyncDisposable {
  /** The real path, links resolved. */
  readonly root: string
  /**
   * This process's own, for everything unfinished. Disposal removes it where nothing is left in it;
   * what is left could not be settled, and the next start finds it among the abandoned.
   */
  readonly temporary: string
  /** Directories of processes that ended without removing them: settle what they hold first. */
  readonly abandoned: readonly string[]
  /**
   * Removes them, but for entries whose names begin so: those are for somebody else to settle, and
   * their directory stays abandoned until then.
   */
  removeAbandoned(options?: { readonly keep?: readonly string[] }): Promise<void>
}

const attemptsMax = 20
const probeFile = 'probe'
const probeLink = 'probe-link'
const probeFiles: readonly string[] = [probeFile, probeLink]

/**
 * Opens or creates a data directory and takes a place of its own in it. Throws, naming the directory,
 * `unavailable` where it cannot be written and `unsupported` where it has no hard links.
 */
export async function openDataDirectory(path: string): Promise<DataDirectory> {
  const named = resolve(path)
  try {
    makeLevels(named)
    makeLevels(join(named, 'tmp'))
    const root = await realpath(named)
    const own = await claim(join(root, 'tmp'))
    const abandoned = await findAbandoned(join(root, 'tmp'), own.path)
    return {
      root,
      temporary: own.path,
      abandoned,
      removeAbandoned: async ({ keep = [] } = {}) => {
        for (const directory of abandoned) await removeBut(keep, directory)
      },
      [Symbol.asyncDispose]: () => leave(own),
    }
  } catch (error) {
    throw toDirectoryError(error, named)
  }
}

interface OwnDirectory {
  readonly path: string
  readonly liveness: Liveness
}

/**
 * Makes the directory under a hidden name and shows it when its owner can be seen to live, so that
 * nobody takes a starting process for a dead one.
 */
async function claim(tmp: string): Promise<OwnDirectory> {
  for (let attempt = 1; ; attempt += 1) {
    const name = `${process.pid}-${randomBytes(6).toString('hex')}`
    const hidden = join(tmp, `.${name}`)
    const path = join(tmp, name)
    let liveness: Liveness | undefined
    try {
      await mkdir(hidden, { mode: 0o700 })
      faultPoint('claim:made')
      liveness = await proveLiveness(hidden)
      faultPoint('claim:alive')
      await probeLinks(hidden)
      faultPoint('claim:probed')
      await rename(hidden, path)
      faultPoint('claim:shown')
      return { path, liveness }
    } catch (error) {
      await liveness?.end()
      await rm(hidden, { recursive: true, force: true }).catch(() => undefined)
      // Another process swept it away while it showed no life yet.
      if (!hasErrno(error, 'ENOENT') || attempt >= attemptsMax) throw error
    }
  }
}

/** Removes what is this module's own, and the directory itself where nothing else is left in it. */
async function leave({ path, liveness }: OwnDirectory): Promise<void> {
  let last = path
  try {
    last = await hideIfEmpty(path)
  } finally {
    await liveness.end()
  }
  for (const name of livenessFiles) await rm(join(last, name), { force: true })
  if (last !== path) await removeIfPresent(last)
}

/** Hidden, so that nobody takes it for one that holds something to settle. Still alive meanwhile. */
async function hideIfEmpty(path: string): Promise<string> {
  const isOwn = (name: string) => name.startsWith(draftPrefix) || probeFiles.includes(name)
  try {
    for (const name of await readdir(path)) {
      if (isOwn(name)) await rm(join(path, name), { force: true })
    }
    await removeEmptyBelow(path)
    const names = await readdir(path)
    if (names.some((name) => !livenessFiles.includes(name))) return path
    const hidden = join(dirname(path), `.${basename(path)}`)
    await rename(path, hidden)
    return hidden
  } catch (error) {
    // Somebody removed the whole of it.
    if (hasErrno(error, 'ENOENT')) return path
    throw error
  }
}

/** Another process that starts right now may have swept it, since its owner lives no more. */
async function removeIfPresent(directory: string): Promise<void> {
  try {
    await rmdir(directory)
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error
  }
}

async function removeBut(prefixes: readonly string[], directory: string): Promise<void> {
  const names = await namesOf(directory)
  const isKept = (name: string) => prefixes.some((prefix) => name.startsWith(prefix))
  const kept = names.filter((name) => isKept(name) || livenessFiles.includes(name))
  if (!kept.some(isKept)) return rm(directory, { recursive: true, force: true })
  for (const name of names) {
    if (!kept.includes(name)) await rm(join(directory, name), { recursive: true, force: true })
  }
}

async function namesOf(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    // Another process that starts at the same time has removed it.
    if (hasErrno(error, 'ENOENT')) return []
    throw error
  }
}

async function probeLinks(directory: string): Promise<void> {
  const from = join(directory, probeFile)
  const to = join(directory, probeLink)
  await writeFile(from, '')
  try {
    await link(from, to)
  } catch (error) {
    if (!hasErrno(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK')) throw error
    throw new HyperMeshError('unsupported', 'its file system has no hard links', { cause: error })
  }
  await rm(to)
  await rm(from)
  await syncDirectory(directory)
}

async function findAbandoned(tmp: string, own: string): Promise<string[]> {
  const abandoned: string[] = []
  for (const entry of await readdir(tmp, { withFileTypes: true })) {
    const path = join(tmp, entry.name)
    if (!entry.isDirectory() || path === own || (await isOwnerAlive(path))) continue
    if (entry.name.startsWith('.')) await sweep(path)
    else abandoned.push(path)
  }
  return abandoned.sort()
}

/**
 * A hidden directory holds nothing. It is renamed first: its owner may be just about to show it, and
 * must then lose the whole of it (and claim another) or nothing.
 */
async function sweep(hidden: string): Promise<void> {
  const swept = `${hidden}-swept`
  try {
    await rename(hidden, swept)
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return
    throw error
  }
  await rm(swept, { recursive: true, force: true })
}

function toDirectoryError(error: unknown, path: string): unknown {
  if (errnoOf(error) === undefined && !(error instanceof HyperMeshError)) return error
  const which = `data directory ${path}`
  if (error instanceof HyperMeshError) {
    return new HyperMeshError(error.code, `${which}: ${error.message}; set [lakehouse] data_dir`, {
      cause: error,
    })
  }
  if (hasErrno(error, 'ENOTDIR', 'EEXIST')) {
    return new HyperMeshError('invalid', `${which} is not a directory; set [lakehouse] data_dir`, {
      cause: error,
    })
  }
  if (hasErrno(error, 'ENOSPC', 'EDQUOT')) {
    return new HyperMeshError('storage_full', `${which}: no space left; free some or move it`, {
      cause: error,
    })
  }
  return new HyperMeshError(
    'unavailable',
    `${which} cannot be written (${errnoOf(error)}); make it writable or set [lakehouse] data_dir`,
    { cause: error },
  )
}
