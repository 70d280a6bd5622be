export { acceptedFormat } from './accept-header.ts'
export { type Clock, systemClock } from './clock.ts'
export { ConcurrencyGate, type ConcurrencyGateOptions } from './concurrency-gate.ts'
export {
  type ConfigFlag,
  type ConfigSchemas,
  type ConfigSource,
  type ConfigValues,
  type LoadConfigOptions,
  type LoadedConfig,
  loadConfig,
  type Setting,
} from './config.ts'
export { environmentName, toSnakeCase } from './config-text.ts'
export { type App, type AppOptions, assertWellFormedPath, createApp } from './create-app.ts'
export { readEnvironment } from './environment.ts'
export { eventLoopTurn } from './event-loop-turn.ts'
export { Follower, type FollowerOptions, type FollowFailure, tellFailure } from './follower.ts'
export { createHttpFetch } from './http-fetch.ts'
export { jsonResponse } from './json-response.ts'
export { defaultLimits } from './limits.ts'
export { createLogger, type Logger, type LogLevel, logLevels } from './logger.ts'
export { MarkedNumbers } from './marked-numbers.ts'
export { meterBody } from './meter-body.ts'
export { Metrics } from './metrics.ts'
export { mountRoute } from './mount-route.ts'
export { nearestName } from './nearest-name.ts'
export { ownFetch } from './own-fetch.ts'
export { pieceMemory } from './piece-memory.ts'
export { type PrincipalClaims, signPrincipal, verifyPrincipal } from './principal-token.ts'
export { type BodyOptions, readBody, streamBody } from './read-body.ts'
export { type ReadJsonOptions, readJson } from './read-json.ts'
export { readQuery } from './read-query.ts'
export { type RemoteUpstreamOptions, remoteUpstream } from './remote-upstream.ts'
export { type RenderError, renderError, renderIcebergError } from './render-error.ts'
export { RequestDeadline } from './request-deadline.ts'
export { type Ending, RequestEnding } from './request-ending.ts'
export { requireRole } from './require-role.ts'
export { type RunningStatement, RunningStatements } from './running-statements.ts'
export { Secret, secret } from './secret.ts'
export { type PeerServerOptions, servePeers } from './serve-peers.ts'
export { type Connection, type Listener, type ListenOptions, listen } from './server.ts'
export {
  type DataPaths,
  type Deps,
  defineService,
  type Fetch,
  type RequestContext,
  type Service,
  type ServiceDefinition,
} from './service.ts'
export { toHyperMeshError, toInvalid } from './to-hypermesh-error.ts'
export { contextOf, type Handler, Visit } from './visit.ts'
export { setHeader, type WholeBody, wholeBodyOf, wholeResponse } from './whole-response.ts'
