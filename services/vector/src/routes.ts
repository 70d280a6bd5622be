import type { App } from '@hypermesh/kit'
import { mountIndexes } from './routes/indexes.ts'
import { mountPoints } from './routes/points.ts'
import { mountReads } from './routes/reads.ts'
import { mountSearch } from './routes/search.ts'
import { mountSources } from './routes/sources.ts'
import type { SourceFollower } from './source/source-follower.ts'
import type { EmbeddingProviders } from './text/embedding-providers.ts'
import type { VectorIndexes } from './vector-indexes.ts'

export interface VectorParts {
  readonly indexes: VectorIndexes
  readonly providers: EmbeddingProviders
  readonly follower: SourceFollower
}

export function mountVectors(app: App, { indexes, providers, follower }: VectorParts): void {
  mountIndexes(app, indexes)
  mountPoints(app, indexes, providers)
  mountReads(app, indexes)
  mountSearch(app, indexes, providers)
  mountSources(app, indexes, follower)
}
