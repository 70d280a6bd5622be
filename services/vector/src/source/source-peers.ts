import { createClient } from '@hypermesh/client'
import type { Limits } from '@hypermesh/contract'
import { type Clock, type Fetch, ownFetch } from '@hypermesh/kit'
import type { SourcePeers } from './source-sync.ts'

/** Tables are followed in nobody's request: the service reads them itself, and may only read. */
const principal = { keyId: 'vector', name: 'vector', role: 'reader' } as const

export function sourcePeers(
  upstreams: Readonly<Record<'catalog' | 'query', Fetch>>,
  { limits, clock }: { readonly limits: Limits; readonly clock: Clock },
): SourcePeers {
  const through = (upstream: Fetch) => ownFetch(upstream, { principal, limits, clock })
  return {
    catalog: createClient({ fetch: through(upstreams.catalog) }),
    query: createClient({ fetch: through(upstreams.query) }),
  }
}
