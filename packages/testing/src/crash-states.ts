import { lstatSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onFaultPoint } from '@hypermesh/object-store'
import { copyLiving } from './copy-living.ts'

export interface CrashStates extends AsyncDisposable {
  /** Directories, in the order of the points that they were taken at. */
  readonly states: readonly string[]
  readonly points: readonly string[]
}

/**
 * What a data directory looks like to the next process when this one dies at each fault point of the
 * work: copies of it, taken there, and where the work calls `mark`. The last is "acknowledged". The
 * socket by which the living are told is left out.
 */
export async function crashStates(
  root: string,
  work: (mark: (name: string) => void) => Promise<void>,
): Promise<CrashStates> {
  const parent = await mkdtemp(join(tmpdir(), 'hypermesh-states-'))
  const states: string[] = []
  const points: string[] = []
  const keep = (name: string) => {
    const copy = join(parent, String(states.length))
    copyLiving(root, copy, (path) => !lstatSync(path).isSocket())
    states.push(copy)
    points.push(name)
  }
  try {
    onFaultPoint((_, name) => keep(name))
    await work(keep)
  } finally {
    onFaultPoint(undefined)
  }
  keep('acknowledged')
  return {
    states,
    points,
    [Symbol.asyncDispose]: () => rm(parent, { recursive: true, force: true }),
  }
}
