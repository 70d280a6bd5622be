import { join } from 'node:path'
import type { ServiceName } from '@hypermesh/contract'
import {
  ConcurrencyGate,
  type Connection,
  type Deps,
  type Fetch,
  type Service,
} from '@hypermesh/kit'
import { AddressList } from './address-list.ts'
import { Authenticator } from './authenticator.ts'
import type { AuthConfig, GatewayConfig } from './config.ts'
import { type GatewayParts, serveRequest } from './gateway.ts'
import { KeyStore } from './key-store.ts'
import { authenticateLocal } from './loopback-guard.ts'
import { ownPages, type PeerStates, type Readiness } from './own-pages.ts'
import { RequestFigures } from './request-figures.ts'
import { createRoutes } from './routes.ts'

export type UpstreamName = Exclude<ServiceName, 'gateway'>

/** The edge of the platform. Nobody needs it, and it knows the connection; else it is a service. */
export interface Gateway extends Service {
  /** Serves a request from the network. `fetch` does the same for one from this process. */
  serve(request: Request, connection: Connection): Promise<Response>
  /** What /readyz says. */
  setReadiness(readiness: Readiness): void
}

export async function createGateway(
  config: { readonly gateway: GatewayConfig; readonly auth: AuthConfig },
  deps: Deps<UpstreamName> & { readonly peers?: (() => Promise<PeerStates>) | undefined },
): Promise<Gateway> {
  const { logger, limits, clock, metrics } = deps
  const keys = await KeyStore.open({
    directory: join(deps.paths.root, 'keys'),
    temporary: deps.paths.temporary,
    keysMax: limits.keysMax,
    clock,
    logger,
  })
  if (!config.auth.enabled) {
    logger.warn('authentication is off: every process on this machine is an administrator')
  }
  let readiness: Readiness = 'starting'
  const own: Fetch = createRoutes(keys, { logger, limits })
  const authenticator = new Authenticator(keys, limits, clock)
  const authenticate: GatewayParts['authenticate'] = config.auth.enabled
    ? (request, address) => authenticator.authenticate(request, address)
    : authenticateLocal
  const parts: GatewayParts = {
    logger,
    clock,
    limits,
    figures: new RequestFigures(metrics),
    gate: new ConcurrencyGate({
      name: 'requests',
      concurrencyMax: limits.requestsInFlightMax,
      queueMax: 0,
    }),
    allowed: new AddressList(config.gateway.cidrs),
    trustedProxies: new AddressList(config.gateway.trustedProxies),
    metricsOpen: config.gateway.metricsOpen,
    authenticate,
    pages: ownPages({
      version: deps.version,
      metrics,
      readiness: () => readiness,
      authenticate,
      peers: deps.peers,
    }),
    upstreams: { ...deps.upstreams, gateway: own },
  }
  return {
    serve: (request, connection) => serveRequest(request, connection, parts),
    fetch: (request) => {
      return serveRequest(request, { remoteAddress: '127.0.0.1', signal: request.signal }, parts)
    },
    setReadiness: (value) => {
      readiness = value
    },
    [Symbol.asyncDispose]: async () => {},
  }
}
