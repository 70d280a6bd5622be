import type { App, Fetch } from '@hypermesh/kit'
import type { AnalyticsThreads } from './analytics/analytics-threads.ts'
import type { GraphQueries } from './execution/graph-queries.ts'
import type { Feeds } from './feed/feeds.ts'
import type { GraphBackups } from './graph-backups.ts'
import type { GraphDatabases } from './graph-databases.ts'
import type { Publications } from './publication/publications.ts'
import { mountAnalytics } from './routes/analytics.ts'
import { mountBackups } from './routes/backups.ts'
import { mountChanges } from './routes/changes.ts'
import { mountColumns } from './routes/columns.ts'
import { mountDatabases } from './routes/databases.ts'
import { mountFeeds } from './routes/feeds.ts'
import { mountHyperedges } from './routes/hyperedges.ts'
import { mountNodes } from './routes/nodes.ts'
import { mountPublications } from './routes/publications.ts'
import { mountQueries } from './routes/queries.ts'
import { mountQuestions } from './routes/questions.ts'
import { mountSimilar } from './routes/similar.ts'
import { mountTables } from './routes/tables.ts'
import { mountTransfers } from './routes/transfers.ts'

export interface GraphParts {
  readonly databases: GraphDatabases
  readonly backups: GraphBackups
  readonly feeds: Feeds
  readonly publications: Publications
  readonly vector: Fetch
  readonly threads: AnalyticsThreads
  readonly queries: GraphQueries
}

export function mountGraph(app: App, parts: GraphParts): void {
  const { databases, backups, feeds, publications, vector, threads, queries } = parts
  mountDatabases(app, databases)
  mountTables(app, databases)
  mountHyperedges(app, databases)
  mountChanges(app, databases)
  mountQueries(app, databases, queries)
  mountQuestions(app, databases)
  mountNodes(app, databases)
  mountTransfers(app, databases)
  mountBackups(app, databases, backups)
  mountFeeds(app, databases, feeds)
  mountPublications(app, databases, publications)
  mountColumns(app, databases)
  mountSimilar(app, databases, vector)
  mountAnalytics(app, { databases, threads })
}
