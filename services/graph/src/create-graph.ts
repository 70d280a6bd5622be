import { join, resolve } from 'node:path'
import { createApp, type Deps, type Service } from '@hypermesh/kit'
import { DirectoryOwner } from '@hypermesh/object-store'
import { AnalyticsThreads } from './analytics/analytics-threads.ts'
import type { GraphSettings } from './config.ts'
import { GraphQueries } from './execution/graph-queries.ts'
import { measureProcedure } from './execution/measure-run.ts'
import { Feeds } from './feed/feeds.ts'
import { GraphBackups } from './graph-backups.ts'
import { GraphDatabases } from './graph-databases.ts'
import { graphPeers } from './graph-peers.ts'
import { Publications } from './publication/publications.ts'
import { mountGraph } from './routes.ts'

export async function createGraph(
  settings: GraphSettings,
  { logger, limits, clock, paths, upstreams }: Deps<'catalog' | 'query' | 'ingest' | 'vector'>,
): Promise<Service> {
  // Its name is that of no database.
  const directory = join(paths.root, 'graph', '.claims')
  const owner = new DirectoryOwner({ directory, paths, subject: 'the graph databases' })
  const backups = new GraphBackups({
    root: resolve(settings.backupRoot ?? join(paths.root, 'graph-backups')),
    ...{ paths, limits, logger },
  })
  const databases = new GraphDatabases({
    ...{ paths, owner, backups, settings, limits, clock, logger },
  })
  const app = createApp({ logger, limits })
  const peers = graphPeers(upstreams, { limits, clock })
  const following = {
    ...{ peers, limits, clock, logger, followMs: settings.followMs },
    opened: () => databases.opened(),
  }
  const feeds = new Feeds(following)
  const publications = new Publications(following)
  const threads = new AnalyticsThreads(limits)
  const { importRoot } = settings
  const queries = new GraphQueries({
    ...{ clock, limits, logger, importRoot },
    measures: measureProcedure(threads),
  })
  const { vector } = upstreams
  mountGraph(app, { databases, backups, feeds, publications, vector, threads, queries })
  return {
    fetch: (request, context) => app.fetch(request, context),
    ready: () =>
      // Where another process has them the rest of the platform is served all the same.
      databases.open().catch((error: unknown) => {
        logger.warn({ err: error }, 'the graph databases are not served by this process')
      }),
    [Symbol.asyncDispose]: async () => {
      await feeds[Symbol.asyncDispose]()
      await publications[Symbol.asyncDispose]()
      await threads[Symbol.asyncDispose]()
      await databases.close()
    },
  }
}
