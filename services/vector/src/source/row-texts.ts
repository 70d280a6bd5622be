import { type BadSourceRow, HyperMeshError } from '@hypermesh/contract'
import type { IndexDefinition } from '../index-definition.ts'
import type { EmbeddingProviders } from '../text/embedding-providers.ts'
import { embedPoints } from '../text/index-embedding.ts'
import { type RowPoint, toBatch } from './row-points.ts'

interface EmbeddingTerms {
  readonly definition: IndexDefinition
  readonly providers: EmbeddingProviders
  readonly signal: AbortSignal
}

/** Makes the vectors of points that have a text; one that has no meaning to the model is a bad row. */
export async function embedRows(
  points: readonly RowPoint[],
  terms: EmbeddingTerms,
): Promise<{ readonly points: readonly RowPoint[]; readonly bad: readonly BadSourceRow[] }> {
  if (points.every(({ vector }) => vector !== undefined)) return { points, bad: [] }
  try {
    return { points: await embed(points, terms), bad: [] }
  } catch (error) {
    if (!(error instanceof HyperMeshError) || error.code !== 'invalid') throw error
  }
  const good: RowPoint[] = []
  const bad: BadSourceRow[] = []
  for (const point of points) {
    try {
      good.push(...(await embed([point], terms)))
    } catch (error) {
      if (!(error instanceof HyperMeshError) || error.code !== 'invalid') throw error
      bad.push({ key: point.id, reason: error.message })
    }
  }
  return { points: good, bad }
}

async function embed(points: readonly RowPoint[], terms: EmbeddingTerms): Promise<RowPoint[]> {
  const { dimension } = terms.definition
  const batch = toBatch(points, dimension)
  const sent = points.map(({ id, metadata }) => ({ id, metadata: JSON.parse(metadata) }))
  const { vectors, withoutVector } = await embedPoints(sent, batch, terms)
  // Else it would keep the vector of another text.
  if (withoutVector.length > 0) throw new HyperMeshError('invalid', 'the text is empty')
  return points.map((point, index) => ({
    ...point,
    vector: vectors.subarray(index * dimension, (index + 1) * dimension),
  }))
}
