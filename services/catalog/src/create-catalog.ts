import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { tableMetadata, viewMetadata } from '@hypermesh/contract'
import { ManifestCache, Warehouse } from '@hypermesh/iceberg'
import type { Deps, Service } from '@hypermesh/kit'
import { DiskStore } from '@hypermesh/object-store'
import { Answers } from './answers.ts'
import { AppendFiles } from './append-files.ts'
import { Attempts } from './attempts.ts'
import { CatalogStore } from './catalog-store.ts'
import { CommitLog } from './commit-log.ts'
import type { CatalogConfig } from './config.ts'
import { MetadataFiles } from './metadata-files.ts'
import { Namespaces } from './namespaces.ts'
import { Relocation } from './relocation.ts'
import { createRoutes } from './routes.ts'
import { TableCommits } from './table-commits.ts'
import { Tables } from './tables.ts'
import { Views } from './views.ts'

export async function createCatalog(config: CatalogConfig, deps: Deps): Promise<Service> {
  const { logger, limits, clock, metrics, paths } = deps
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
  store.onWarehouse((uris) => warehouse.learn(uris))
  const attempts = new Attempts({ warehouse, temporary: paths.temporary, logger })
  await attempts.recover(paths.abandoned, ({ seq, token }) => store.isNamedSince(seq, token))
  const files = new MetadataFiles({ warehouse, schema: tableMetadata, what: 'table' })
  const options = { store, attempts, files, warehouse, clock, limits }
  const tables = new Tables(options)
  const viewFiles = new MetadataFiles({ warehouse, schema: viewMetadata, what: 'view' })
  const views = new Views({ ...options, files: viewFiles })
  const app = createRoutes({
    logger,
    limits,
    namespaces: new Namespaces(store, limits),
    tables,
    views,
    manifests: { warehouse, cache: new ManifestCache(limits.manifestCacheBytesMax) },
    commits: new TableCommits(options),
    relocation: new Relocation({ ...options, ...paths, viewFiles }),
    appendFiles: new AppendFiles(options, {
      windowMs: config.groupCommitMs,
      appendsMax: config.groupCommitAppendsMax,
      rowsMax: config.groupCommitRowsMax,
      bytesMax: config.groupCommitBytesMax,
    }),
    answers: new Answers({
      store,
      logger,
      loadTable: (answer) => tables.loadAnswered(answer),
      loadView: (answer) => views.loadAnswered(answer),
    }),
    warehouse,
    warehouseUris: () => store.warehouseUris,
    reports: metrics.counter({
      name: 'hypermesh_iceberg_reports_total',
      help: 'Reports of clients about their scans and commits.',
      labelNames: ['type'],
    }),
  })
  return {
    fetch: (request, context) => app.fetch(request, context),
    [Symbol.asyncDispose]: async () => {},
  }
}
