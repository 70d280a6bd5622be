import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import type { Lakehouse } from '@hypermesh/lakehouse'
import { type PlatformConfig, type PlatformOptions, startProcess } from './platform-process.ts'

const peerNames = ['catalog', 'ingest', 'query', 'vector', 'graph'] as const
export type PeerName = (typeof peerNames)[number]

export interface Peer {
  readonly url: string
  stop(): Promise<void>
  start(): Promise<void>
}

/** The processes beside that of the gateway and storage. */
export interface SplitPeers {
  /** What the process of the gateway needs to know. */
  readonly frontConfig: PlatformConfig
  readonly byName: Readonly<Record<PeerName, Peer>>
  start(): Promise<void>
  stop(): Promise<void>
}

export async function splitPeers(directory: string, options: PlatformOptions): Promise<SplitPeers> {
  const front = await freePort()
  const ports = {
    catalog: await freePort(),
    ingest: await freePort(),
    query: await freePort(),
    vector: await freePort(),
    graph: await freePort(),
  }
  const internalSecret = randomBytes(32).toString('hex')
  const urlOf = (port: number) => `http://127.0.0.1:${port}`
  const services = {
    storageUrl: urlOf(front),
    catalogUrl: urlOf(ports.catalog),
    ingestUrl: urlOf(ports.ingest),
    queryUrl: urlOf(ports.query),
    vectorUrl: urlOf(ports.vector),
    graphUrl: urlOf(ports.graph),
  }
  const configOf = (port: number, target: readonly string[]): PlatformConfig => ({
    lakehouse: { target },
    services: { ...services, port },
    auth: { internalSecret },
  })
  const peerOf = (name: PeerName, port: number): Peer => {
    let running: Lakehouse | undefined
    return {
      url: urlOf(port),
      start: async () => {
        running = await startProcess(
          directory,
          { ...options, network: true },
          configOf(port, [name]),
        )
      },
      stop: async () => {
        await running?.stop()
        running = undefined
      },
    }
  }
  const byName = {
    catalog: peerOf('catalog', ports.catalog),
    ingest: peerOf('ingest', ports.ingest),
    query: peerOf('query', ports.query),
    vector: peerOf('vector', ports.vector),
    graph: peerOf('graph', ports.graph),
  }
  return {
    frontConfig: configOf(front, ['gateway', 'storage']),
    byName,
    start: async () => {
      // The others ask it where the warehouse is.
      await byName.catalog.start()
      const others = peerNames.filter((name) => name !== 'catalog')
      // All to their ends, so that none is still to come when what has started is stopped again.
      const started = await Promise.allSettled(others.map((name) => byName[name].start()))
      for (const end of started) if (end.status === 'rejected') throw end.reason
    },
    stop: async () => {
      for (const name of peerNames.toReversed()) await byName[name].stop()
    },
  }
}

const firstPort = 10_000
const portCount = 20_000
let portsGiven = 0

/**
 * Below those that the system gives out by itself, so that nobody takes it in between: each once in this
 * process, and far from those of the processes beside it, since it is free again until its server listens.
 */
async function freePort(): Promise<number> {
  for (;;) {
    const port = firstPort + ((process.pid * 61 + portsGiven++) % portCount)
    const server = createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!isFree) continue
    await new Promise((resolve) => server.close(resolve))
    return port
  }
}
