import { createApp, type Deps, type Service } from '@hypermesh/kit'
import { DirectoryOwner, DiskStore } from '@hypermesh/object-store'
import type { VectorSettings } from './config.ts'
import { IndexFiles } from './index-files.ts'
import { mountVectors } from './routes.ts'
import { SourceFollower } from './source/source-follower.ts'
import { sourcePeers } from './source/source-peers.ts'
import { EmbeddingProviders } from './text/embedding-providers.ts'
import { VectorIndexes } from './vector-indexes.ts'

export async function createVector(
  settings: VectorSettings,
  { logger, limits, clock, paths, metrics, upstreams }: Deps<'catalog' | 'query'>,
): Promise<Service> {
  const { root, temporary } = paths
  const store = new DiskStore({ root, temporary })
  const files = new IndexFiles({ root, temporary, store, limits })
  const directory = files.claimsDirectory
  const owner = new DirectoryOwner({ directory, paths, subject: 'the vector indexes' })
  const providers = new EmbeddingProviders(settings.embedding, clock)
  const indexes = new VectorIndexes({
    ...{ files, owner, limits, logger, clock, settings },
    providers,
  })
  metrics.gauge({
    name: 'hypermesh_vector_memory_bytes',
    help: 'Memory of vectors and graphs.',
    collect: () => indexes.memoryBytes,
  })
  metrics.gauge({
    name: 'hypermesh_vector_points',
    help: 'Points of all vector indexes.',
    collect: () => indexes.pointCount,
  })
  const app = createApp({ logger, limits })
  const follower = new SourceFollower({
    ...{ limits, clock, logger, followMs: settings.followMs },
    open: () => indexes.opened(),
    peers: sourcePeers(upstreams, { limits, clock }),
    providers,
  })
  mountVectors(app, { indexes, providers, follower })
  return {
    fetch: (request, context) => app.fetch(request, context),
    ready: () =>
      // Where another process has them the rest of the platform is served all the same.
      indexes.open().catch((error: unknown) => {
        logger.warn({ err: error }, 'the vector indexes are not served by this process')
      }),
    [Symbol.asyncDispose]: async () => {
      await follower[Symbol.asyncDispose]()
      await indexes.close()
    },
  }
}
