import { closeSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { faultPoint } from './fault-points.ts'
import { hasErrno } from './storage-error.ts'

/**
 * Makes a directory and those above it, each durable before anything is put inside: what is durable
 * in a directory is lost with it. Blocks, so only for a start.
 */
export function makeLevels(path: string): void {
  try {
    mkdirSync(path)
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) {
      makeLevels(dirname(path))
      makeLevels(path)
    } else if (hasErrno(error, 'EEXIST') && statSync(path).isDirectory()) {
      syncFoundLevel(path)
    } else {
      throw error
    }
    return
  }
  faultPoint('level:made')
  syncNames(dirname(path))
}

/** Whoever made it may not have synced it yet, or may have died before. */
function syncFoundLevel(path: string): void {
  try {
    syncNames(dirname(path))
  } catch (error) {
    // What this user may not even open was prepared for it by another, long before.
    if (!hasErrno(error, 'EACCES', 'EPERM', 'EROFS')) throw error
  }
}

function syncNames(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
    faultPoint('level:synced')
  } finally {
    closeSync(descriptor)
  }
}
