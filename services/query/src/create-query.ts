import { mkdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { createClient } from '@hypermesh/client'
import { HyperMeshError } from '@hypermesh/contract'
import { DuckDatabase, planningDisabledOptimizers } from '@hypermesh/duckdb'
import { followWarehouse, ManifestCache, Warehouse } from '@hypermesh/iceberg'
import {
  ConcurrencyGate,
  createApp,
  type Deps,
  type Fetch,
  type Metrics,
  RunningStatements,
  type Service,
} from '@hypermesh/kit'
import { DiskStore } from '@hypermesh/object-store'
import { memoryBytesOf, type QueryConfig, threadsOf } from './config.ts'
import type { FileRoot } from './file-listing.ts'
import { FileSchemas } from './file-schemas.ts'
import { KeptSessions } from './kept-sessions.ts'
import { KnownTables } from './known-tables.ts'
import { PositionTargets } from './position-deletes.ts'
import { QueryEngine } from './query-engine.ts'
import { RecentMap } from './recent-map.ts'
import { mountSavedQueries } from './routes/saved-queries.ts'
import { mountSql } from './routes/statements.ts'
import { mountVirtualTables } from './routes/virtual-tables.ts'
import { SavedQueries } from './saved-queries.ts'
import { SpillSpace } from './spill-space.ts'
import { SpilledResults } from './spilled-results.ts'
import { VirtualTables } from './virtual-tables.ts'

const plannerMemoryBytes = 256 * 1024 * 1024
const startMs = 60_000
const sweepMs = 30_000

export async function createQuery(
  config: QueryConfig,
  { logger, limits, clock, paths, metrics, upstreams }: Deps<'catalog' | 'vector' | 'graph'>,
): Promise<Service> {
  const store = new DiskStore({ root: paths.root, temporary: paths.temporary })
  const warehouse = new Warehouse(store, await warehouseUri(upstreams.catalog))
  const directory = join(paths.root, 'warehouse')
  const spill = join(paths.temporary, 'query-spill')
  const results = join(paths.temporary, 'query-results')
  await Promise.all([directory, spill, results].map((path) => mkdir(path, { recursive: true })))
  const roots = await openRoots(config.virtualRoots, paths.root)
  const database = await DuckDatabase.open({
    threads: threadsOf(config),
    memoryBytes: memoryBytesOf(config),
    temporaryDirectory: spill,
    temporaryBytesMax: config.spillBytes,
    allowedDirectories: [directory, results, ...roots.map(({ real }) => real)],
    damagedFile: 'corrupt',
    keepsFooters: true,
  })
  const planner = await DuckDatabase.open({
    threads: 1,
    memoryBytes: plannerMemoryBytes,
    temporaryDirectory: spill,
    // It reads no rows.
    temporaryBytesMax: 0,
    allowedDirectories: [],
    disabledOptimizers: planningDisabledOptimizers,
  })
  const gate = new ConcurrencyGate({
    name: 'statements',
    concurrencyMax: limits.sqlConcurrencyMax,
    queueMax: limits.sqlQueueMax,
  })
  const lake = {
    warehouse,
    cache: new ManifestCache(limits.manifestCacheBytesMax),
    fileSchemas: new FileSchemas(limits.fileSchemasMax),
    knownTables: new KnownTables(limits.tableCacheBytesMax),
    memory: new RecentMap<string>(
      limits.planCacheBytesMax,
      (text, key) => text.length + key.length,
    ),
    positionTargets: new PositionTargets(),
    viewDepthMax: limits.sqlViewDepthMax,
    callsMax: limits.sqlCallsMax,
    limits,
    virtualTables: new VirtualTables({ database, store, roots, limits, clock }),
  }
  const app = createApp({ logger, limits })
  const running = new RunningStatements(clock)
  const space = new SpillSpace(limits.sqlSpillBytesMax)
  const spilled = new SpilledResults({ database, directory: results, space, limits, clock })
  const sweep = setInterval(() => spilled.dropExpired(), sweepMs)
  sweep.unref()
  showFigures(metrics, { gate, space })
  const engine = new QueryEngine({
    ...{ database, lake, gate, running, spilled, space, limits, clock },
    runners: new KeptSessions(database),
    planners: new KeptSessions(planner),
    directory: results,
  })
  const catalog = followWarehouse(upstreams.catalog, warehouse)
  const parts = { ...upstreams, engine, running, catalog }
  mountSql(app, parts)
  mountVirtualTables(app, lake.virtualTables, parts)
  mountSavedQueries(app, new SavedQueries({ engine, store, limits, clock }), parts)
  return {
    fetch: (request, context) => app.fetch(request, context),
    [Symbol.asyncDispose]: async () => {
      clearInterval(sweep)
      await spilled[Symbol.asyncDispose]()
      await planner[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

function showFigures(
  metrics: Metrics,
  { gate, space }: { readonly gate: ConcurrencyGate; readonly space: SpillSpace },
): void {
  metrics.gauge({
    name: 'hypermesh_sql_running',
    help: 'statements running now',
    collect: () => gate.runningCount,
  })
  metrics.gauge({
    name: 'hypermesh_sql_waiting',
    help: 'statements waiting for a place',
    collect: () => gate.waitingCount,
  })
  metrics.gauge({
    name: 'hypermesh_sql_spill_bytes',
    help: 'bytes of results kept on disk',
    collect: () => space.bytes,
  })
}

/** The roots where they really lie. What is kept in the data directory is not theirs to read. */
async function openRoots(roots: readonly string[], data: string): Promise<FileRoot[]> {
  const own = await realpath(data)
  const within = (path: string, root: string) => `${path}/`.startsWith(join(root, '/'))
  return Promise.all(
    roots.map(async (given) => {
      const real = await realpath(given).catch((cause: unknown) => {
        throw new HyperMeshError('invalid', `[query] virtual_roots: no directory ${given}`, {
          cause,
        })
      })
      if (!within(real, own) && !within(own, real)) return { given, real }
      throw new HyperMeshError(
        'invalid',
        `[query] virtual_roots: ${given} and the data directory may not lie in each other`,
      )
    }),
  )
}

async function warehouseUri(upstream: Fetch): Promise<string> {
  const principal = { keyId: 'query', name: 'query', role: 'reader' } as const
  const catalog = createClient({
    fetch: (request) =>
      upstream(request, { principal, requestId: 'query-start', signal: request.signal }),
  })
  const { defaults } = await catalog.icebergConfig({ timeoutMs: startMs })
  const uri = defaults.warehouse
  if (uri === undefined) throw new HyperMeshError('upstream', 'the catalog names no warehouse')
  return uri
}
