import { HyperMeshError, type ServiceName } from '@hypermesh/contract'
import { assertSafeBind, createGateway, type Gateway } from '@hypermesh/gateway'
import {
  type Clock,
  createLogger,
  type DataPaths,
  type Deps,
  type Fetch,
  type Listener,
  type Logger,
  listen,
  Metrics,
  type Service,
  systemClock,
} from '@hypermesh/kit'
import { openDataDirectory } from '@hypermesh/object-store'
import { CleanupStack } from './cleanup-stack.ts'
import { dataDirectoryOf, type LakehouseConfig } from './config.ts'
import { measureProcess } from './process-figures.ts'
import { removeServerFile, writeServerFile } from './server-file.ts'
import { type AnyDefinition, definitions, sortByNeeds, upstreamNames } from './topology.ts'
import { version } from './version.ts'

export interface LakehouseOptions {
  readonly config: LakehouseConfig
  readonly logger?: Logger
  readonly clock?: Clock
  /** False: no port; requests come through `fetch` only. */
  readonly network?: boolean
}

export interface Lakehouse extends AsyncDisposable {
  /** Where it listens; undefined without a port. */
  readonly url: string | undefined
  /** The real path of the data directory. */
  readonly root: string
  /** A request from this process, through the gateway like any other. */
  readonly fetch: (request: Request) => Promise<Response>
  /** Stops accepting, lets open requests end, closes everything. Safe to call again. */
  stop(): Promise<void>
}

/**
 * Starts the platform: data directory → port → services, each after those it needs → ready. A failure
 * closes what was opened. The port comes early, so that one in use is told before anything is recovered.
 */
export async function startLakehouse(options: LakehouseOptions): Promise<Lakehouse> {
  const { config, clock = systemClock, network = true } = options
  const startedAtMs = clock.monotonicMs()
  const logger = options.logger ?? createLogger(config.log.level)
  if (network) assertSafeBind(config.gateway, config.auth)
  const cleanup = new CleanupStack()
  try {
    const directory = await openDataDirectory(dataDirectoryOf(config))
    cleanup.push(() => directory[Symbol.asyncDispose]())
    const metrics = new Metrics()
    const measuring = measureProcess(metrics)
    cleanup.push(() => measuring[Symbol.dispose]())
    const services = new Map<ServiceName, Service>()
    const deps = { logger, clock, limits: config.limits, paths: directory, metrics, version }
    const gateway = await createGateway(config, {
      ...deps,
      logger: logger.child({ service: 'gateway' }),
      upstreams: upstreamsOf(upstreamNames, services),
    })
    const listener = network ? await listenFor(gateway, config, logger) : undefined
    cleanup.push(() => listener?.stop())
    for (const definition of sortByNeeds(definitions)) {
      const service = await startService(definition, { config, deps, services })
      cleanup.push(() => service[Symbol.asyncDispose]())
    }
    await Promise.all([...services.values()].map((service) => service.ready?.()))
    await directory.removeAbandoned()
    // Pushed last and so run first: from then on nobody finds us, and open requests may end.
    cleanup.push(() => listener?.stop())
    cleanup.push(() => gateway.setReadiness('stopping'))
    const withdraw = listener && (await publish(listener.url, directory, clock))
    cleanup.push(() => withdraw?.())
    gateway.setReadiness('ready')
    const ms = Math.round(clock.monotonicMs() - startedAtMs)
    logger.info({ url: listener?.url, dataDir: directory.root, version, ms }, 'ready')
    return runningLakehouse({ gateway, root: directory.root, url: listener?.url, cleanup })
  } catch (error) {
    await cleanup.run().catch((failure: unknown) => {
      logger.warn({ err: failure }, 'a part failed to close after the start had failed')
    })
    throw error
  }
}

function runningLakehouse(parts: {
  gateway: Gateway
  root: string
  url: string | undefined
  cleanup: CleanupStack
}): Lakehouse {
  let stopped: Promise<void> | undefined
  const stop = () => {
    stopped ??= parts.cleanup.run()
    return stopped
  }
  return {
    url: parts.url,
    root: parts.root,
    fetch: async (request) => parts.gateway.fetch(request),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

async function startService(
  definition: AnyDefinition,
  parts: {
    config: LakehouseConfig
    deps: Omit<Deps, 'upstreams'>
    services: Map<ServiceName, Service>
  },
): Promise<Service> {
  const { config, deps, services } = parts
  const tables: Readonly<Record<string, unknown>> = config
  const service = await definition.create(tables[definition.name], {
    ...deps,
    logger: deps.logger.child({ service: definition.name }),
    // A service is handed those it names in `needs`, and nothing else.
    upstreams: upstreamsOf(definition.needs, services) as Record<ServiceName, Fetch>,
  })
  services.set(definition.name, service)
  return service
}

// The request and its context pass as they are: nothing is parsed twice, nothing is copied.
function upstreamsOf<Name extends ServiceName>(
  names: readonly Name[],
  services: ReadonlyMap<ServiceName, Service>,
): Record<Name, Fetch> {
  const entries = names.map((name): [Name, Fetch] => [
    name,
    (request, context) => {
      const service = services.get(name)
      if (service) return service.fetch(request, context)
      throw new HyperMeshError('unavailable', `${name} has not started yet; try again`, {
        details: { retryAfterSeconds: 1 },
      })
    },
  ])
  // One entry for each name, just above.
  return Object.fromEntries(entries) as Record<Name, Fetch>
}

function listenFor(gateway: Gateway, config: LakehouseConfig, logger: Logger): Promise<Listener> {
  const { host, port } = config.gateway
  const { connectionsMax, headersTimeoutMs, keepAliveMs, shutdownMs } = config.limits
  return listen({
    host,
    port,
    logger,
    connectionsMax,
    headersTimeoutMs,
    keepAliveMs,
    shutdownMs,
    onRequest: (request, connection) => gateway.serve(request, connection),
  })
}

/** Writes the server file; what it returns takes it back. */
async function publish(url: string, paths: DataPaths, clock: Clock): Promise<() => Promise<void>> {
  const startedAt = new Date(clock.nowMs()).toISOString()
  const file = { url, pid: process.pid, startedAt }
  const replaced = await writeServerFile(paths, file)
  return () => removeServerFile(paths, file, replaced)
}
