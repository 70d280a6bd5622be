import { createClient, type HyperMeshClient } from '@hypermesh/client'
import { HyperMeshError, type LoadTableReply, type TableName } from '@hypermesh/contract'
import { Warehouse } from '@hypermesh/iceberg'
import type { Fetch, RequestContext } from '@hypermesh/kit'
import type { ObjectStore } from '@hypermesh/object-store'

/** The catalog, asked in somebody's name. */
export function catalogFor(upstream: Fetch, context: RequestContext): HyperMeshClient {
  return createClient({
    fetch: (request) => upstream(request, { ...context, signal: request.signal }),
  })
}

export async function findTable(
  catalog: HyperMeshClient,
  name: TableName,
  signal: AbortSignal,
): Promise<LoadTableReply | undefined> {
  try {
    return await catalog.loadTable(name, { signal })
  } catch (error) {
    if (error instanceof HyperMeshError && error.code === 'not_found') return undefined
    throw error
  }
}

/** The warehouse as the catalog records it, over the store where it is today. */
export async function openWarehouse(
  catalog: HyperMeshClient,
  store: ObjectStore,
): Promise<Warehouse> {
  const { defaults } = await catalog.icebergConfig()
  const uri = defaults.warehouse
  if (uri === undefined) throw new HyperMeshError('upstream', 'the catalog names no warehouse')
  return new Warehouse(store, uri)
}
