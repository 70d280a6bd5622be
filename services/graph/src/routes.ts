import type { App } from '@hypermesh/kit'
import type { AnalyticsThreads } from './analytics/analytics-threads.ts'
import type { Feeds } from './feed/feeds.ts'
import type { GraphDatabases } from './graph-databases.ts'
import { mountAnalytics } from './routes/analytics.ts'
import { mountColumns } from './routes/columns.ts'
import { mountDatabases } from './routes/databases.ts'
import { mountFeeds } from './routes/feeds.ts'
import { mountHyperedges } from './routes/hyperedges.ts'
import { mountTables } from './routes/tables.ts'

export interface GraphParts {
  readonly databases: GraphDatabases
  readonly feeds: Feeds
  readonly threads: AnalyticsThreads
}

export function mountGraph(app: App, parts: GraphParts): void {
  const { databases, feeds, threads } = parts
  mountDatabases(app, databases)
  mountTables(app, databases)
  mountHyperedges(app, databases)
  mountFeeds(app, databases, feeds)
  mountColumns(app, databases)
  mountAnalytics(app, { databases, threads })
}
