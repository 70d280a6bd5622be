import { clu128, clu768, clustered } from './clustered.ts'
import type { VectorData } from './dataset.ts'
import { descriptions } from './descriptions.ts'
import { fashionMnist } from './fashion-mnist.ts'

/** The share of the true neighbors that has to be found. */
export const recallLeast = 0.99

/** Undefined where it is not installed. */
export async function setNamed(name: string): Promise<VectorData | undefined> {
  if (name === 'clu128') return clustered(clu128)
  if (name === 'clu768') return clustered(clu768)
  if (name === 'fmnist') return fashionMnist()
  if (name === 'text') return descriptions()
  throw new Error(`no set ${name}`)
}
