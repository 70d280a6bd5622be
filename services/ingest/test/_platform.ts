import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { catalog } from '@hypermesh/catalog'
import { createClient, type HyperMeshClient } from '@hypermesh/client'
import { type Limits, limits as limitsSchema, type Role } from '@hypermesh/contract'
import { createLogger, type Fetch, Metrics, systemClock } from '@hypermesh/kit'
import { openDataDirectory } from '@hypermesh/object-store'
import { ingest } from '../src/index.ts'

export interface PlatformOptions {
  readonly allowedRoots?: readonly string[]
  /** Uploads of more are loaded while they arrive. */
  readonly segmentBytes?: number
  readonly limits?: Partial<Limits>
  /** So many small loads into one table land together, exactly: the window is long. */
  readonly groupsOf?: number
  /** Stands between ingest and the catalog. */
  readonly catalogThrough?: (inner: Fetch) => Fetch
}

/** Catalog and ingest of one process on a directory, without a gateway. */
export interface Platform extends AsyncDisposable {
  readonly root: string
  readonly client: HyperMeshClient
  readonly fetch: Fetch
  readonly metrics: Metrics
  /** Calls as another key, or as an admin. */
  as(keyId: string, role?: Role): HyperMeshClient
  /** Files of jobs, below jobs/bodies. */
  jobBodies(): Promise<string[]>
  /** Files below tmp/ that are no process's own. */
  leftovers(): Promise<string[]>
  /** Files of the warehouse that no table's metadata reaches, and the other way round. */
  warehouseFiles(): Promise<string[]>
}

export async function openPlatform(root: string, options: PlatformOptions = {}): Promise<Platform> {
  const directory = await openDataDirectory(root)
  const deps = {
    logger: createLogger('silent'),
    clock: systemClock,
    limits: limitsSchema.parse(options.limits ?? {}),
    paths: directory,
    metrics: new Metrics(),
    version: 'test',
  }
  const tables = await catalog.create(
    catalog.config.parse(
      options.groupsOf === undefined
        ? {}
        : { groupCommitMs: 60_000, groupCommitAppendsMax: options.groupsOf },
    ),
    { ...deps, upstreams: {} },
  )
  const through = options.catalogThrough ?? ((inner: Fetch) => inner)
  const loads = await ingest.create(
    ingest.config.parse({
      allowedRoots: options.allowedRoots ?? [],
      ...(options.segmentBytes === undefined ? {} : { segmentBytes: options.segmentBytes }),
      threads: 2,
      memoryBytes: 512 * 1024 * 1024,
    }),
    { ...deps, upstreams: { catalog: through(tables.fetch) } },
  )
  await directory.removeAbandoned()
  const fetchAs = (keyId: string, role: Role) => (request: Request) => {
    const service = /^\/v1\/(ingest|inspect|jobs)/.test(new URL(request.url).pathname)
      ? loads
      : tables
    const principal = { keyId, name: keyId, role }
    return service.fetch(request, { principal, signal: request.signal, requestId: 'test' })
  }
  const fetch: Fetch = fetchAs('writer', 'writer')
  return {
    root: directory.root,
    fetch,
    as: (keyId, role = 'writer') =>
      createClient({
        ...onePerCall,
        fetch: async (request) => fetchAs(keyId, role)(request),
      }),
    metrics: deps.metrics,
    client: createClient({ ...onePerCall, fetch: async (request) => fetch(request) }),
    leftovers: async () => {
      const found = await listFiles(join(directory.root, 'tmp'))
      return found.filter((path) => !/^[^/]+\/(owner\.json|alive.*|[^/]*\.sock|lock)$/.test(path))
    },
    jobBodies: () => listFiles(join(directory.root, 'jobs', 'bodies')),
    warehouseFiles: () => listFiles(join(directory.root, 'warehouse')),
    async [Symbol.asyncDispose]() {
      await loads[Symbol.asyncDispose]()
      await tables[Symbol.asyncDispose]()
      await directory[Symbol.asyncDispose]()
    },
  }
}

/** Tests say what one request does: nothing is sent again by itself. */
const onePerCall = { url: 'http://platform', retriesMax: 0 }

async function listFiles(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .sort()
}

export async function withDirectory(body: (root: string) => Promise<void>): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'hypermesh-ingest-'))
  try {
    await body(root)
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}
