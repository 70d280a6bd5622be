import { HyperMeshError, type ServiceName } from '@hypermesh/contract'
import { createGateway, type Gateway, type Readiness } from '@hypermesh/gateway'
import { type Connection, type Deps, type Fetch, type Service, servePeers } from '@hypermesh/kit'
import type { CleanupStack } from './cleanup-stack.ts'
import type { LakehouseConfig } from './config.ts'
import { Peers } from './peers.ts'
import type { Target } from './target.ts'
import { type AnyDefinition, definitions, sortByNeeds, upstreamNames } from './topology.ts'

export interface PartsOptions {
  readonly config: LakehouseConfig
  readonly target: Target
  readonly deps: Omit<Deps, 'upstreams'>
}

/** The services of this process, and how each reaches the others: here, or in another process. */
export class Parts {
  readonly config: LakehouseConfig
  readonly deps: Omit<Deps, 'upstreams'>
  readonly #target: Target
  readonly #services = new Map<ServiceName, Service>()
  readonly #peers: Peers | undefined
  readonly #definitions: readonly AnyDefinition[]
  #gateway: Gateway | undefined
  #readiness: Readiness = 'starting'

  constructor({ config, target, deps }: PartsOptions) {
    this.config = config
    this.deps = deps
    this.#target = target
    this.#peers = target.split && new Peers(target.split, deps)
    this.#definitions = sortByNeeds(definitions).filter(({ name }) => target.local.has(name))
  }

  get gateway(): Gateway | undefined {
    return this.#gateway
  }

  /** Beginnings of names in temporary directories that services of other processes settle. */
  get leftToOthers(): readonly string[] {
    const others = definitions.filter(({ name }) => !this.#target.local.has(name))
    return others.flatMap(({ leaves = [] }) => leaves)
  }

  async openGateway(): Promise<Gateway | undefined> {
    if (!this.#target.local.has('gateway')) return undefined
    const peers = this.#peers
    this.#gateway = await createGateway(this.config, {
      ...this.deps,
      logger: this.deps.logger.child({ service: 'gateway' }),
      upstreams: this.#upstreamsOf(upstreamNames),
      peers: peers && (() => peers.states()),
    })
    return this.#gateway
  }

  /** What answers other processes; undefined when the whole platform runs here. */
  peerDoor(): ((request: Request, connection: Connection) => Promise<Response>) | undefined {
    const { split } = this.#target
    if (split === undefined) return undefined
    return servePeers({
      ...this.deps,
      services: this.#services,
      isReady: () => this.#readiness === 'ready',
      secret: split.secret,
    })
  }

  /** Makes each service after those that it needs, here or elsewhere. */
  async start(cleanup: CleanupStack): Promise<void> {
    // All at once, ahead of their turns; a failure is met again there.
    for (const definition of this.#definitions) definition.load?.().catch(() => undefined)
    for (const definition of this.#definitions) {
      await this.#peers?.waitFor(definition.needs)
      const service = await this.#create(definition)
      cleanup.push(() => service[Symbol.asyncDispose]())
    }
    await Promise.all([...this.#services.values()].map((service) => service.ready?.()))
  }

  setReadiness(readiness: Readiness): void {
    this.#readiness = readiness
    this.#gateway?.setReadiness(readiness)
  }

  async #create(definition: AnyDefinition): Promise<Service> {
    const tables: Readonly<Record<string, unknown>> = this.config
    const service = await definition.create(tables[definition.name], {
      ...this.deps,
      logger: this.deps.logger.child({ service: definition.name }),
      // A service is handed those it names, and nothing else.
      upstreams: this.#upstreamsOf([
        ...new Set([...definition.needs, ...(definition.asks ?? [])]),
      ]) as Record<ServiceName, Fetch>,
    })
    this.#services.set(definition.name, service)
    return service
  }

  // In this process the request and its context pass as they are: nothing is parsed twice or copied.
  #upstreamsOf<Name extends ServiceName>(names: readonly Name[]): Record<Name, Fetch> {
    const entries = names.map((name): [Name, Fetch] => [
      name,
      this.#peers?.upstream(name) ??
        ((request, context) => {
          const service = this.#services.get(name)
          if (service) return service.fetch(request, context)
          throw new HyperMeshError('unavailable', `${name} has not started yet; try again`, {
            details: { retryAfterSeconds: 1 },
          })
        }),
    ])
    // One entry for each name, just above.
    return Object.fromEntries(entries) as Record<Name, Fetch>
  }
}
