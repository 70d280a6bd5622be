export {
  type AuthConfig,
  assertSafeBind,
  authConfigSchema,
  type GatewayConfig,
  gatewayConfigSchema,
} from './config.ts'
export type { PeerStates, Readiness } from './own-pages.ts'
export { createGateway, type Gateway, type UpstreamName } from './service.ts'
