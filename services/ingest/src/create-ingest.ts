import { mkdir, realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDatabase } from '@hypermesh/duckdb'
import { bucketHashes, followWarehouse } from '@hypermesh/iceberg'
import { createApp, type Deps, type Service } from '@hypermesh/kit'
import { DiskStore } from '@hypermesh/object-store'
import { catalogFor, openWarehouse } from './catalog-access.ts'
import { type IngestConfig, memoryBytesOf, threadsOf } from './config.ts'
import { Ingest } from './ingest.ts'
import { EmbeddedQueue } from './jobs/embedded-queue.ts'
import { JobBodies } from './jobs/job-bodies.ts'
import { Jobs } from './jobs/jobs.ts'
import { recoverLoads, settleLoad } from './load-intent.ts'
import { mountJobs } from './routes/jobs.ts'
import { mountIngest } from './routes.ts'
import { UnsettledLoads } from './unsettled-loads.ts'

const recoveryMs = 60_000

export async function createIngest(
  config: IngestConfig,
  { logger, limits, clock, metrics, paths, upstreams }: Deps<'catalog'>,
): Promise<Service> {
  const signal = AbortSignal.timeout(recoveryMs)
  const context = {
    principal: { keyId: 'ingest', name: 'ingest', role: 'writer' } as const,
    signal,
    requestId: 'ingest-recovery',
  }
  const store = new DiskStore({ root: paths.root, temporary: paths.temporary })
  const warehouse = await openWarehouse(catalogFor(upstreams.catalog, context), store)
  const followed = followWarehouse(upstreams.catalog, warehouse)
  const catalog = catalogFor(followed, context)
  await recoverLoads(paths.abandoned, { catalog, warehouse, signal }, logger)
  const jobsDirectory = join(paths.root, 'jobs')
  const bodies = join(jobsDirectory, 'bodies')
  const spill = join(paths.temporary, 'ingest-spill')
  await mkdir(spill, { recursive: true })
  // DuckDB compares real paths; a root that does not exist yet stays as it is written.
  const roots = await Promise.all(
    config.allowedRoots.map((root) => realpath(root).catch(() => root)),
  )
  const database = await DuckDatabase.open({
    threads: threadsOf(config),
    memoryBytes: memoryBytesOf(config),
    temporaryDirectory: spill,
    temporaryBytesMax: config.spillBytes,
    allowedDirectories: [paths.temporary, bodies, ...roots],
    damagedFile: 'invalid',
    hashes: bucketHashes,
  })
  const domain = new Ingest({
    database,
    warehouse,
    limits,
    clock,
    logger,
    metrics,
    temporary: paths.temporary,
    allowedRoots: config.allowedRoots,
    segmentBytes: config.segmentBytes,
    catalog: followed,
    unsettled: new UnsettledLoads({
      settle: (directory, settling) =>
        settleLoad(directory, { catalog, warehouse, signal: settling }, logger),
      logger,
    }),
  })
  const queue = await EmbeddedQueue.open({
    directory: join(jobsDirectory, 'records'),
    temporary: paths.temporary,
    limits,
    clock,
    logger,
  })
  const jobs = new Jobs({
    queue,
    bodies: new JobBodies(bodies, paths.temporary),
    ingest: domain,
    limits,
    metrics,
  })
  await jobs.start()
  const app = createApp({ logger, limits })
  mountIngest(app, domain, jobs)
  mountJobs(app, jobs)
  return {
    fetch: (request, context) => app.fetch(request, context),
    [Symbol.asyncDispose]: async () => {
      await jobs[Symbol.asyncDispose]()
      await domain[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
      await rm(spill, { recursive: true, force: true })
    },
  }
}
