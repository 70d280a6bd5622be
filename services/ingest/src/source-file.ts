import { createHash } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { createReadStream } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { isAbsolute, sep } from 'node:path'
import { type Compression, HyperMeshError, printable } from '@hypermesh/contract'
import { hasErrno, toStorageError } from '@hypermesh/object-store'

/** The file that a load reads, and its hash when that is known. */
export interface SourceFile {
  readonly path: string
  /** As it was sent or lies there, and so is the hash of these bytes. */
  readonly bytes: number
  readonly compression: Compression
  readonly inPlace: boolean
  /** Fulfilled when the whole file has been hashed; rejects when it cannot be read. */
  readonly sha256: Promise<string>
  /** Throws `conflict` if the file is not the one it was when the load began. */
  assertUnchanged(): Promise<void>
  /** Until it is awaited `path` may be the beginning only, of an upload that came in segments. */
  whole(): Promise<void>
}

const nothingToDo = async () => {}

/** A file that was received before, and hashed then. */
export interface KeptFile {
  readonly path: string
  readonly bytes: number
  readonly sha256: string
}

export function openKept({ path, bytes, sha256 }: KeptFile): SourceFile {
  const hash = Promise.resolve(sha256)
  return {
    path,
    bytes,
    compression: 'none',
    inPlace: false,
    sha256: hash,
    // Nobody else writes it.
    assertUnchanged: nothingToDo,
    whole: nothingToDo,
  }
}

/** Opens a file of the server for reading in place: a regular file under one of the roots. */
export async function openInPlace(
  source: string,
  roots: readonly string[],
  signal: AbortSignal,
): Promise<SourceFile> {
  const { path, before } = await findInPlace(source, roots)
  return {
    path,
    bytes: Number(before.size),
    compression: 'none',
    inPlace: true,
    sha256: hashFile(path, signal),
    whole: nothingToDo,
    assertUnchanged: async () => {
      const after = await look(path, source)
      if (isSame(before, after)) return
      throw new HyperMeshError(
        'conflict',
        `${printable(source)} changed while it was loaded; load it when nobody writes it`,
      )
    },
  }
}

/** Throws unless the file may be read in place and is there to be read. */
export async function findInPlace(source: string, roots: readonly string[]) {
  const path = await resolveInRoots(source, roots)
  const before = await look(path, source)
  if (before.isFile()) return { path, before }
  throw new HyperMeshError('invalid', `${printable(source)} is not a regular file`)
}

/**
 * Links are resolved first, so none leads out of the roots. Whether a file outside exists is not
 * told: every refusal reads the same.
 */
async function resolveInRoots(source: string, roots: readonly string[]): Promise<string> {
  if (!isAbsolute(source) || source.includes('\0')) {
    throw new HyperMeshError('invalid', 'source must be an absolute path on the server')
  }
  const path = await realpath(source).catch(() => undefined)
  for (const root of roots) {
    const real = await realpath(root).catch(() => undefined)
    if (real === undefined) continue
    const start = real.endsWith(sep) ? real : real + sep
    if (path?.startsWith(start)) return path
    if (path === undefined && source.startsWith(start) && !source.split(sep).includes('..')) {
      throw new HyperMeshError('not_found', `no file ${printable(source)} on the server`)
    }
  }
  throw new HyperMeshError(
    'forbidden',
    `${printable(source)} is under none of the directories that [ingest] allowed_roots names`,
  )
}

async function look(path: string, source: string): Promise<BigIntStats> {
  try {
    return await stat(path, { bigint: true })
  } catch (error) {
    if (!hasErrno(error, 'ENOENT', 'ENOTDIR')) throw toStorageError(error, 'the source', 'none')
    throw new HyperMeshError('not_found', `no file ${printable(source)} on the server`)
  }
}

function isSame(before: BigIntStats, after: BigIntStats): boolean {
  const fields = ['dev', 'ino', 'size', 'mtimeNs', 'ctimeNs'] as const
  return fields.every((field) => before[field] === after[field])
}

async function hashFile(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  const stream = createReadStream(path, { highWaterMark: 1024 * 1024, signal })
  for await (const chunk of stream) hash.update(chunk as Uint8Array)
  return hash.digest('hex')
}
