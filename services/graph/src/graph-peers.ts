import { createClient, type HyperMeshClient } from '@hypermesh/client'
import type { Limits } from '@hypermesh/contract'
import { type Clock, type Fetch, ownFetch } from '@hypermesh/kit'

/** Whom the service asks in nobody's request. */
export interface GraphPeers {
  readonly catalog: HyperMeshClient
  readonly query: HyperMeshClient
  readonly ingest: HyperMeshClient
}

/** To read what feeds, and to write what is published: a writer has said both. */
const reader = { keyId: 'graph', name: 'graph', role: 'reader' } as const
const writer = { keyId: 'graph', name: 'graph', role: 'writer' } as const

export function graphPeers(
  upstreams: Readonly<Record<'catalog' | 'query' | 'ingest', Fetch>>,
  { limits, clock }: { readonly limits: Limits; readonly clock: Clock },
): GraphPeers {
  const through = (upstream: Fetch, principal: typeof reader | typeof writer) =>
    createClient({ fetch: ownFetch(upstream, { principal, limits, clock }) })
  return {
    catalog: through(upstreams.catalog, writer),
    query: through(upstreams.query, reader),
    ingest: through(upstreams.ingest, writer),
  }
}
