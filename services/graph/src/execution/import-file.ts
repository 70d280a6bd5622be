import { constants } from 'node:fs'
import { type FileHandle, open, realpath } from 'node:fs/promises'
import { isAbsolute, join, relative, sep } from 'node:path'
import { HyperMeshError, type Limits, printable } from '@hypermesh/contract'
import { hasErrno } from '@hypermesh/object-store'

/** A file to read once; its bytes are `too_large` where they become more than they may be. */
export interface ImportFile extends AsyncDisposable {
  readonly bytes: AsyncIterable<Uint8Array>
}

// What is checked is what is read; a pipe without a writer holds nothing up.
const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/**
 * A file below the directory that COPY FROM may read, by its path from there. Throws `invalid_name` for a
 * path that leads out of it, by its text or by links, or is none; `not_found`, `forbidden`, `too_large`.
 */
export async function openImport(
  path: string,
  root: string | undefined,
  { graphCopyBytesMax }: Limits,
): Promise<ImportFile> {
  if (root === undefined) {
    throw new HyperMeshError('forbidden', 'COPY FROM reads nothing: [graph] import_root is not set')
  }
  const isOutside = isAbsolute(path) || path.split(/[/\\]/).includes('..')
  if (isOutside || path === '' || path.includes('\0')) throw outside(path)
  const file = await resolved(join(root, path), path)
  const within = relative(await resolved(root, '[graph] import_root'), file)
  if (within === '' || within.split(sep)[0] === '..' || isAbsolute(within)) throw outside(path)
  const handle = await open(file, readFlags).catch((error: unknown) => {
    throw toPathError(error, path)
  })
  const close = () => handle.close()
  try {
    const facts = await handle.stat()
    if (!facts.isFile()) throw new HyperMeshError('invalid', `${printable(path)} is no file`)
    assertBytes(facts.size, path, graphCopyBytesMax)
  } catch (error) {
    await close()
    throw error
  }
  const bytes = bytesOf(handle, path, graphCopyBytesMax)
  return { bytes, [Symbol.asyncDispose]: close }
}

/** A file may grow while it is read. */
async function* bytesOf(
  handle: FileHandle,
  path: string,
  bytesMax: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let count = 0
  for await (const piece of handle.createReadStream({ autoClose: false })) {
    count += piece.length
    assertBytes(count, path, bytesMax)
    yield piece
  }
}

function assertBytes(count: number, path: string, bytesMax: number): void {
  if (count <= bytesMax) return
  throw new HyperMeshError('too_large', `${printable(path)} has ${count} bytes or more`, {
    details: { limit: 'graph_copy_bytes_max', bytesMax },
  })
}

async function resolved(file: string, shown: string): Promise<string> {
  try {
    return await realpath(file)
  } catch (error) {
    throw toPathError(error, shown)
  }
}

function toPathError(error: unknown, shown: string): unknown {
  const isOne = (...codes: readonly string[]) => codes.some((code) => hasErrno(error, code))
  const name = printable(shown)
  if (isOne('ENOENT', 'ENOTDIR')) {
    return new HyperMeshError('not_found', `there is no ${name} to read`, { cause: error })
  }
  if (isOne('ENAMETOOLONG', 'ELOOP')) {
    return new HyperMeshError('invalid_name', `${name} is not the path of a file`, { cause: error })
  }
  if (isOne('EACCES', 'EPERM')) {
    return new HyperMeshError('forbidden', `${name} may not be read here`, { cause: error })
  }
  return error
}

function outside(path: string): HyperMeshError {
  return new HyperMeshError(
    'invalid_name',
    `"${printable(path)}" is not a path below [graph] import_root`,
  )
}
