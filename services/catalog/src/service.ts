import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ManifestCache, Warehouse } from '@hypermesh/iceberg'
import { defineService } from '@hypermesh/kit'
import { DiskStore } from '@hypermesh/object-store'
import { AppendFiles } from './append-files.ts'
import { CatalogStore } from './catalog-store.ts'
import { CommitLog } from './commit-log.ts'
import { catalogConfigSchema } from './config.ts'
import { Namespaces } from './namespaces.ts'
import { createRoutes } from './routes.ts'
import { TableFiles } from './table-files.ts'
import { Tables } from './tables.ts'

export const catalog = defineService({
  name: 'catalog',
  config: catalogConfigSchema,
  needs: [],
  async create(config, deps) {
    const { logger, limits, clock, paths } = deps
    const disk = new DiskStore({ root: paths.root, temporary: paths.temporary })
    const store = await CatalogStore.open({
      log: new CommitLog(disk, logger),
      limits,
      clock,
      logger,
      checkpointEvery: config.checkpointEvery,
      warehouseUri: pathToFileURL(join(paths.root, 'warehouse')).href,
    })
    const warehouse = new Warehouse(disk, store.warehouseUri)
    const files = new TableFiles({ warehouse, temporary: paths.temporary, logger })
    await files.recover(paths.abandoned, ({ seq, token }) => store.isNamedSince(seq, token))
    const options = { store, files, warehouse, clock, limits }
    const tables = new Tables(options)
    const app = createRoutes({
      logger,
      limits,
      namespaces: new Namespaces(store, limits),
      tables,
      appendFiles: new AppendFiles(options, tables),
      manifests: { warehouse, cache: new ManifestCache(limits.manifestCacheBytesMax) },
      warehouseUri: store.warehouseUri,
    })
    return {
      fetch: (request, context) => app.fetch(request, context),
      [Symbol.asyncDispose]: async () => {},
    }
  },
})
