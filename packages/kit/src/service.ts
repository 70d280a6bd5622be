import type { Limits, Principal, ServiceName } from '@hypermesh/contract'
import type { z } from 'zod'
import type { Clock } from './clock.ts'
import type { Logger } from './logger.ts'
import type { Metrics } from './metrics.ts'
import type { RequestEnding } from './request-ending.ts'

/** What the gateway knows about a request and hands on beside it. */
export interface RequestContext {
  readonly principal: Principal
  /** Aborts at the deadline (reason: `deadline`) and when the client goes away (`cancelled`). */
  readonly signal: AbortSignal
  /** The same without a signal of its own until it is asked for; absent where there is a signal already. */
  readonly ending?: RequestEnding | undefined
  readonly requestId: string
  /** When the signal aborts, by the monotonic clock of this process; absent: it need not. */
  readonly deadlineAtMs?: number | undefined
}

export type Fetch = (request: Request, context?: RequestContext) => Response | Promise<Response>

export interface Service extends AsyncDisposable {
  readonly fetch: Fetch
  /** Resolves when it can serve; recovery of what a dead process left behind ends before. */
  ready?(): Promise<void>
}

/** The opened data directory, as services see it. */
export interface DataPaths {
  readonly root: string
  /** This process's own directory for everything temporary, on the same file system as `root`. */
  readonly temporary: string
  /** Temporary directories of processes that are gone: recover from them before `ready`. */
  readonly abandoned: readonly string[]
}

export interface Deps<Needs extends ServiceName = never> {
  readonly logger: Logger
  readonly clock: Clock
  readonly limits: Limits
  readonly paths: DataPaths
  readonly metrics: Metrics
  /** One fetch for each service named in `needs` or `asks`; in this process or elsewhere. */
  readonly upstreams: Readonly<Record<Needs, Fetch>>
  readonly version: string
}

export interface ServiceDefinition<
  Config,
  Needs extends ServiceName = never,
  Asks extends ServiceName = never,
> {
  readonly name: ServiceName
  /** Its own table of lakehouse.toml, keys in camelCase. */
  readonly config: z.ZodType<Config>
  /** What must serve before it is made: it may call these while it is. */
  readonly needs: readonly Needs[]
  /** What it calls only once it serves, and does without while that is down; may ask it in turn. */
  readonly asks?: readonly Asks[]
  /** How names begin of what it leaves in a temporary directory for its own next start to settle. */
  readonly leaves?: readonly string[]
  /** Loads what `create` runs, which is apart so that who reads the configuration alone goes without. */
  load?(): Promise<unknown>
  create(config: Config, deps: Deps<Needs | Asks>): Promise<Service>
}

/** Returns the definition; there so that its type parameters are inferred. */
export function defineService<
  Config,
  const Needs extends ServiceName = never,
  const Asks extends ServiceName = never,
>(definition: ServiceDefinition<Config, Needs, Asks>): ServiceDefinition<Config, Needs, Asks> {
  return definition
}
