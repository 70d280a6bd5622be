import { createClient, type HyperMeshClient } from '@hypermesh/client'
import type { Limits } from '@hypermesh/contract'
import { type Clock, type Fetch, ownFetch } from '@hypermesh/kit'

/** Whom the service asks in nobody's request. */
export interface GraphPeers {
  readonly catalog: HyperMeshClient
  readonly query: HyperMeshClient
}

const reader = { keyId: 'graph', name: 'graph', role: 'reader' } as const

export function graphPeers(
  upstreams: Readonly<Record<'catalog' | 'query', Fetch>>,
  { limits, clock }: { readonly limits: Limits; readonly clock: Clock },
): GraphPeers {
  const through = (upstream: Fetch) =>
    createClient({ fetch: ownFetch(upstream, { principal: reader, limits, clock }) })
  return {
    catalog: through(upstreams.catalog),
    query: through(upstreams.query),
  }
}
