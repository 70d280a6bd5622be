import { headers } from '@hypermesh/contract'
import { warehouseHeader } from '@hypermesh/iceberg'
import { type App, createApp, renderError, renderIcebergError } from '@hypermesh/kit'
import type { CatalogParts } from './catalog-parts.ts'
import { mountAppendFiles } from './routes/append-files.ts'
import { mountConfig } from './routes/config.ts'
import { mountNamespaces } from './routes/namespaces.ts'
import { mountOverview } from './routes/overview.ts'
import { mountTableDetails } from './routes/table-details.ts'
import { mountTables } from './routes/tables.ts'
import { mountViews } from './routes/views.ts'

export function createRoutes(parts: CatalogParts): { fetch: App['fetch'] } {
  const { logger, limits } = parts
  const iceberg = createApp({ logger, limits, renderError: renderIcebergError })
  mountConfig(iceberg, parts)
  mountNamespaces(iceberg, parts)
  mountTables(iceberg, parts)
  mountViews(iceberg, parts)
  const own = createApp({ logger, limits, renderError })
  mountOverview(own, parts)
  mountTableDetails(own, parts)
  mountAppendFiles(own, parts)
  const isIceberg = (request: Request) => new URL(request.url).pathname.startsWith('/iceberg/')
  return {
    fetch: async (request, ...rest) => {
      const reply = await (isIceberg(request) ? iceberg : own).fetch(request, ...rest)
      // Whoever asks the catalog learns from any answer when the warehouse has another URI.
      reply.headers.set(headers.warehouse, warehouseHeader(parts.warehouseUris()))
      return reply
    },
  }
}
