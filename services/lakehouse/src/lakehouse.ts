import { HyperMeshError, type ServiceName } from '@hypermesh/contract'
import { assertSafeBind, type Gateway } from '@hypermesh/gateway'
import {
  type Clock,
  createLogger,
  type DataPaths,
  type Listener,
  type ListenOptions,
  type Logger,
  listen,
  Metrics,
  systemClock,
} from '@hypermesh/kit'
import { openDataDirectory } from '@hypermesh/object-store'
import { CleanupStack } from './cleanup-stack.ts'
import { dataDirectoryOf, type LakehouseConfig } from './config.ts'
import { Parts } from './parts.ts'
import { measureProcess } from './process-figures.ts'
import { removeServerFile, writeServerFile } from './server-file.ts'
import { planTarget } from './target.ts'
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
  /** Where other processes of the platform reach its services; undefined when there are none. */
  readonly peerUrl: string | undefined
  /** What runs in this process. */
  readonly services: readonly ServiceName[]
  /** The real path of the data directory. */
  readonly root: string
  /** A request from this process, through the gateway like any other. */
  readonly fetch: (request: Request) => Promise<Response>
  /** Stops accepting, lets open requests end, closes everything. Safe to call again. */
  stop(): Promise<void>
}

/**
 * Starts the platform, or the part of it that the configuration names: data directory → ports → peers →
 * services, each after those it needs → ready. A failure closes what was opened. The ports come early,
 * so that one in use is told before anything is recovered.
 */
export async function startLakehouse(options: LakehouseOptions): Promise<Lakehouse> {
  const { config, clock = systemClock, network = true } = options
  const startedAtMs = clock.monotonicMs()
  const logger = options.logger ?? createLogger(config.log.level)
  const target = planTarget(config)
  if (network && target.local.has('gateway')) assertSafeBind(config.gateway, config.auth)
  const cleanup = new CleanupStack()
  try {
    const directory = await openDataDirectory(dataDirectoryOf(config))
    cleanup.push(() => directory[Symbol.asyncDispose]())
    const metrics = new Metrics()
    const measuring = measureProcess(metrics)
    cleanup.push(() => measuring[Symbol.dispose]())
    const deps = { logger, clock, limits: config.limits, paths: directory, metrics, version }
    const parts = new Parts({ config, target, deps })
    const front = await openFront(parts, { network, cleanup })
    await parts.start(cleanup)
    await directory.removeAbandoned({ keep: parts.leftToOthers })
    // Pushed last and so run first: from then on nobody finds us, and open requests may end.
    cleanup.push(() => front.stopListening())
    cleanup.push(() => parts.setReadiness('stopping'))
    const { url, peerUrl } = front
    const withdraw = url === undefined ? undefined : await publish(url, directory, clock)
    cleanup.push(() => withdraw?.())
    parts.setReadiness('ready')
    const ms = Math.round(clock.monotonicMs() - startedAtMs)
    const services = [...target.local]
    logger.info({ url, peerUrl, services, dataDir: directory.root, version, ms }, 'ready')
    const { gateway } = parts
    return runningLakehouse({ gateway, root: directory.root, url, peerUrl, services, cleanup })
  } catch (error) {
    await cleanup.run().catch((failure: unknown) => {
      logger.warn({ err: failure }, 'a part failed to close after the start had failed')
    })
    throw error
  }
}

interface Front {
  readonly url: string | undefined
  readonly peerUrl: string | undefined
  stopListening(): Promise<void>
}

/** The gateway and its port, and the door for other processes, as far as this process has them. */
async function openFront(
  parts: Parts,
  { network, cleanup }: { network: boolean; cleanup: CleanupStack },
): Promise<Front> {
  const gateway = await parts.openGateway()
  const { config, deps } = parts
  const { logger } = deps
  const { host, port } = config.gateway
  const listener =
    gateway && network
      ? await listenAt({ host, port, table: 'gateway' }, config, {
          logger,
          onRequest: (request, connection) => gateway.serve(request, connection),
        })
      : undefined
  cleanup.push(() => listener?.stop())
  const onPeerRequest = parts.peerDoor()
  const door =
    onPeerRequest &&
    (await listenAt({ ...config.services, table: 'services' }, config, {
      logger,
      onRequest: onPeerRequest,
    }))
  cleanup.push(() => door?.stop())
  return {
    url: listener?.url,
    peerUrl: door?.url,
    stopListening: async () => {
      await listener?.stop()
      await door?.stop()
    },
  }
}

function runningLakehouse(parts: {
  gateway: Gateway | undefined
  root: string
  url: string | undefined
  peerUrl: string | undefined
  services: readonly ServiceName[]
  cleanup: CleanupStack
}): Lakehouse {
  let stopped: Promise<void> | undefined
  const stop = () => {
    stopped ??= parts.cleanup.run()
    return stopped
  }
  return {
    url: parts.url,
    peerUrl: parts.peerUrl,
    services: parts.services,
    root: parts.root,
    fetch: async (request) => {
      if (parts.gateway !== undefined) return parts.gateway.fetch(request)
      throw new HyperMeshError('unavailable', 'the gateway runs in another process')
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

function listenAt(
  place: { readonly host: string; readonly port: number; readonly table: string },
  config: LakehouseConfig,
  handling: Pick<ListenOptions, 'onRequest' | 'logger'>,
): Promise<Listener> {
  const { connectionsMax, headersTimeoutMs, keepAliveMs, shutdownMs } = config.limits
  const { host, port, table } = place
  const limits = { connectionsMax, headersTimeoutMs, keepAliveMs, shutdownMs }
  return listen({ host, port, table, ...limits, ...handling })
}

/** Writes the server file; what it returns takes it back. */
async function publish(url: string, paths: DataPaths, clock: Clock): Promise<() => Promise<void>> {
  const startedAt = new Date(clock.nowMs()).toISOString()
  const file = { url, pid: process.pid, startedAt }
  const replaced = await writeServerFile(paths, file)
  return () => removeServerFile(paths, file, replaced)
}
