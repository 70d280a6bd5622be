import { join, resolve } from 'node:path'
import { createApp, defineService } from '@hypermesh/kit'
import { DirectoryOwner } from '@hypermesh/object-store'
import { AnalyticsThreads } from './analytics/analytics-threads.ts'
import { graphConfigSchema } from './config.ts'
import { GraphQueries } from './execution/graph-queries.ts'
import { measureProcedure } from './execution/measure-run.ts'
import { Feeds } from './feed/feeds.ts'
import { GraphBackups } from './graph-backups.ts'
import { GraphDatabases } from './graph-databases.ts'
import { graphPeers } from './graph-peers.ts'
import { Publications } from './publication/publications.ts'
import { mountGraph } from './routes.ts'

/** Databases of temporal hyperedges: the engine behind HTTP. */
export const graph = defineService({
  name: 'graph',
  config: graphConfigSchema,
  needs: [],
  asks: ['catalog', 'query', 'ingest', 'vector'],
  async create(settings, { logger, limits, clock, paths, upstreams }) {
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
  },
})
