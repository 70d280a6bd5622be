import { type Effect, type ErrorCode, HyperMeshError } from '@hypermesh/contract'

const rows: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ENOSPC: ['storage_full', 'the device is full; free space and try again'],
  EDQUOT: ['storage_full', 'the quota is used up; free space and try again'],
  EFBIG: ['too_large', 'the file system holds no file that large'],
  EROFS: ['unavailable', 'the file system is read-only; mount it writable'],
  EACCES: ['unavailable', 'permission denied; let the server’s user read and write it'],
  EPERM: ['unavailable', 'not permitted; let the server’s user read and write it'],
  EMFILE: ['unavailable', 'too many open files; raise the limit of the process (ulimit -n)'],
  ENFILE: ['unavailable', 'too many open files on this machine'],
  EIO: ['unavailable', 'the device failed; see the kernel log'],
  EXDEV: ['unavailable', 'it crosses file systems; keep the data directory on one'],
  ENAMETOOLONG: ['invalid_name', 'the name is too long for the file system'],
  ELOOP: ['forbidden', 'it is a symbolic link, which is never followed'],
}

/** The system's error code, of this error or of the one it was made from. */
export function errnoOf(error: unknown): string | undefined {
  const own = (error as NodeJS.ErrnoException | null)?.code
  if (error instanceof HyperMeshError) return errnoOf(error.cause)
  return typeof own === 'string' ? own : undefined
}

export function hasErrno(error: unknown, ...codes: readonly string[]): boolean {
  const errno = errnoOf(error)
  return errno !== undefined && codes.includes(errno)
}

/** Translates a failed step on a file. `what` is a role, never a path: clients see the message. */
export function toStorageError(error: unknown, what: string, effect: Effect): HyperMeshError {
  if (error instanceof HyperMeshError) return error
  const errno = errnoOf(error)
  const row = errno === undefined ? undefined : rows[errno]
  if (row === undefined) {
    const message = error instanceof Error ? error.message : String(error)
    return new HyperMeshError('internal', `${what}: ${message}`, { cause: error, effect })
  }
  const [code, advice] = row
  return new HyperMeshError(code, `${what}: ${advice} (${errno})`, { cause: error, effect })
}
