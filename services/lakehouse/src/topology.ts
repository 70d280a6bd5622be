import { catalog } from '@hypermesh/catalog'
import type { ServiceName } from '@hypermesh/contract'
import type { UpstreamName } from '@hypermesh/gateway'
import { graph } from '@hypermesh/graph'
import { ingest } from '@hypermesh/ingest'
import type { Deps, Service } from '@hypermesh/kit'
import { query } from '@hypermesh/query'
import { storage } from '@hypermesh/storage'
import { vector } from '@hypermesh/vector'
import type { z } from 'zod'

/** A definition whose own types have been checked where it was made. */
export interface AnyDefinition {
  readonly name: ServiceName
  readonly config: z.ZodType
  readonly needs: readonly ServiceName[]
  readonly asks?: readonly ServiceName[]
  readonly leaves?: readonly string[]
  load?(): Promise<unknown>
  // The configuration comes from the schema beside it; a method, so any definition fits.
  create(config: unknown, deps: Deps<ServiceName>): Promise<Service>
}

/** Every service behind the gateway. */
export const definitions = [
  storage,
  catalog,
  ingest,
  query,
  vector,
  graph,
] as readonly AnyDefinition[]

export const serviceConfigSchemas = {
  storage: storage.config,
  catalog: catalog.config,
  ingest: ingest.config,
  query: query.config,
  vector: vector.config,
  graph: graph.config,
}

/** In an order in which each comes after those it needs. Throws at a cycle or an unknown name. */
export function sortByNeeds(services: readonly AnyDefinition[]): AnyDefinition[] {
  const byName = new Map(services.map((service) => [service.name, service]))
  const sorted = new Set<AnyDefinition>()
  const visit = (service: AnyDefinition, path: readonly ServiceName[]): void => {
    if (sorted.has(service)) return
    if (path.includes(service.name)) {
      throw new Error(`services need each other: ${[...path, service.name].join(' → ')}`)
    }
    for (const need of service.needs) {
      const needed = byName.get(need)
      if (!needed) throw new Error(`${service.name} needs ${need}, which is no service here`)
      visit(needed, [...path, service.name])
    }
    sorted.add(service)
  }
  for (const service of services) visit(service, [])
  return [...sorted]
}

export const upstreamNames = [
  'storage',
  'catalog',
  'ingest',
  'query',
  'vector',
  'graph',
] as const satisfies readonly UpstreamName[]
