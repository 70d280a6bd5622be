import { cpSync, lstatSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onFaultPoint } from '@hypermesh/object-store'

/**
 * What a data directory looks like to the next process when this one dies at each fault point of the
 * work: copies of it, taken there. The socket by which the living are told is left out.
 */
export async function crashStates(
  root: string,
  work: () => Promise<void>,
): Promise<
  { readonly states: readonly string[]; readonly points: readonly string[] } & AsyncDisposable
> {
  const parent = await mkdtemp(join(tmpdir(), 'hypermesh-states-'))
  const states: string[] = []
  const points: string[] = []
  const keep = (name: string) => {
    const copy = join(parent, String(states.length))
    cpSync(root, copy, { recursive: true, filter: (path) => !lstatSync(path).isSocket() })
    states.push(copy)
    points.push(name)
  }
  try {
    onFaultPoint((_, name) => keep(name))
    await work()
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
