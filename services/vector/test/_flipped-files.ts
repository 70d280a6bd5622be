import { HyperMeshError, limits } from '@hypermesh/contract'
import { readFrame } from '../src/framed-file.ts'
import { readImage } from '../src/index-image.ts'
import { seeded } from './_vectors.ts'

const all = limits.parse({})

/** Loads a file as often, each time with one other bit flipped; throws for a load that takes it. */
export async function loadFlipped(
  bytes: Uint8Array,
  { flips, seed }: { readonly flips: number; readonly seed: number },
): Promise<void> {
  const random = seeded(seed)
  for (let flip = 0; flip < flips; flip += 1) {
    const at = Math.floor(random() * bytes.length)
    const bit = 1 << Math.floor(random() * 8)
    bytes[at] = (bytes[at] as number) ^ bit
    const failure = await failureOf(bytes)
    if (!(failure instanceof HyperMeshError && failure.code === 'damaged')) {
      const what = `byte ${at} with bit ${bit} flipped was not noticed, seed ${seed}`
      throw new Error(what, { cause: failure })
    }
    bytes[at] = (bytes[at] as number) ^ bit
  }
}

/** How many points a file has. */
export async function pointsIn(bytes: Uint8Array): Promise<number> {
  const { state } = await readImage(await readFrame(once(bytes), bytes.length), all)
  const { pointCount } = state.table
  state.graph.close()
  return pointCount
}

async function failureOf(bytes: Uint8Array): Promise<unknown> {
  try {
    await pointsIn(bytes)
    return undefined
  } catch (error) {
    return error
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield bytes
}
