import type { App } from '@hypermesh/kit'
import { mountIndexes } from './routes/indexes.ts'
import { mountPoints } from './routes/points.ts'
import { mountReads } from './routes/reads.ts'
import { mountSearch } from './routes/search.ts'
import type { EmbeddingProviders } from './text/embedding-providers.ts'
import type { VectorIndexes } from './vector-indexes.ts'

export function mountVectors(
  app: App,
  indexes: VectorIndexes,
  providers: EmbeddingProviders,
): void {
  mountIndexes(app, indexes)
  mountPoints(app, indexes, providers)
  mountReads(app, indexes)
  mountSearch(app, indexes, providers)
}
