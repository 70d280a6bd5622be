import type { Limits } from '@hypermesh/contract'
import { type App, createApp, type Logger, renderError, renderIcebergError } from '@hypermesh/kit'
import type { AppendFiles } from './append-files.ts'
import type { Namespaces } from './namespaces.ts'
import { mountAppendFiles } from './routes/append-files.ts'
import { mountConfig } from './routes/config.ts'
import { mountNamespaces } from './routes/namespaces.ts'
import { mountOverview } from './routes/overview.ts'
import { mountTables } from './routes/tables.ts'
import type { Tables } from './tables.ts'

export interface CatalogParts {
  readonly logger: Logger
  readonly limits: Limits
  readonly namespaces: Namespaces
  readonly tables: Tables
  readonly appendFiles: AppendFiles
  readonly warehouseUri: string
}

export function createRoutes(parts: CatalogParts): { fetch: App['fetch'] } {
  const { logger, limits } = parts
  const iceberg = createApp({ logger, limits, renderError: renderIcebergError })
  mountConfig(iceberg, parts)
  mountNamespaces(iceberg, parts)
  mountTables(iceberg, parts)
  const own = createApp({ logger, limits, renderError })
  mountOverview(own, parts)
  mountAppendFiles(own, parts)
  const isIceberg = (request: Request) => new URL(request.url).pathname.startsWith('/iceberg/')
  return {
    fetch: (request, ...rest) => (isIceberg(request) ? iceberg : own).fetch(request, ...rest),
  }
}
