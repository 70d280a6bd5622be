import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { toStorageError } from '@hypermesh/object-store'
import { directoryPrefix, keepIntentOnly } from './load-intent.ts'
import type { UnsettledLoads } from './unsettled-loads.ts'

/** A directory for one request; removed with all it holds unless the load is unsettled. */
export interface LoadPlace extends AsyncDisposable {
  readonly path: string
  /** The load is unsettled: its intent stays. */
  keep(): void
}

export async function makeLoadPlace(
  temporary: string,
  unsettled: UnsettledLoads,
): Promise<LoadPlace> {
  const path = join(temporary, `${directoryPrefix}${randomUUID()}`)
  try {
    // One by one: a recursive mkdir calls a read-only device ENOENT.
    await mkdir(path)
    await mkdir(join(path, 'out'))
  } catch (error) {
    throw toStorageError(error, 'the directory for temporary files', 'none')
  }
  let kept = false
  return {
    path,
    keep: () => {
      kept = true
    },
    [Symbol.asyncDispose]: async () => {
      if (!kept) return rm(path, { recursive: true, force: true })
      await keepIntentOnly(path)
      unsettled.add(path)
    },
  }
}
