import { createReadStream } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { isAbsolute, join, relative, sep } from 'node:path'
import { HyperMeshError, type Limits, printable } from '@hypermesh/contract'
import { hasErrno } from '@hypermesh/object-store'

/**
 * A file below the directory that COPY FROM may read, by its path from there. Throws `invalid_name` for a
 * path that leads out of it, by its text or by links; `not_found`, `too_large`.
 */
export async function openImport(
  path: string,
  root: string | undefined,
  { graphCopyBytesMax }: Limits,
): Promise<AsyncIterable<Uint8Array>> {
  if (root === undefined) {
    throw new HyperMeshError('forbidden', 'COPY FROM reads nothing: [graph] import_root is not set')
  }
  const isOutside = isAbsolute(path) || path.split(/[/\\]/).includes('..')
  if (isOutside || path === '' || path.includes('\0')) throw outside(path)
  const file = await resolved(join(root, path), path)
  const within = relative(await resolved(root, '[graph] import_root'), file)
  if (within === '' || within.split(sep)[0] === '..' || isAbsolute(within)) throw outside(path)
  const facts = await stat(file)
  if (!facts.isFile()) throw new HyperMeshError('invalid', `${printable(path)} is no file`)
  if (facts.size > graphCopyBytesMax) {
    throw new HyperMeshError('too_large', `${printable(path)} has ${facts.size} bytes`, {
      details: { limit: 'graph_copy_bytes_max', bytesMax: graphCopyBytesMax },
    })
  }
  return createReadStream(file)
}

async function resolved(file: string, shown: string): Promise<string> {
  try {
    return await realpath(file)
  } catch (error) {
    const isMissing = hasErrno(error, 'ENOENT') || hasErrno(error, 'ENOTDIR')
    if (!isMissing) throw error
    throw new HyperMeshError('not_found', `there is no ${printable(shown)} to read`, {
      cause: error,
    })
  }
}

function outside(path: string): HyperMeshError {
  return new HyperMeshError(
    'invalid_name',
    `"${printable(path)}" is not a path below [graph] import_root`,
  )
}
