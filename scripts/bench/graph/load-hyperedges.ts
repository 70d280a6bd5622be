import type { HyperMeshClient } from '@hypermesh/client'
import type { Dataset } from '../engine/dataset.ts'
import { edgeCount, hyperedgeOf } from './dataset.ts'

const batchEdges = 10_000

/** Makes the table and inserts every hyperedge. */
export async function loadHyperedges(
  client: HyperMeshClient,
  { database, table }: { readonly database: string; readonly table: string },
  set: Dataset,
): Promise<void> {
  const properties = { qty: 'int64', amt: 'float64' } as const
  await client.createGraphTable(database, { table, properties })
  const began = performance.now()
  for (let from = 0; from < edgeCount; from += batchEdges) {
    const hyperedges = Array.from({ length: batchEdges }, (_, at) => hyperedgeOf(set, from + at))
    await client.insertHyperedges(`${database}.${table}`, { hyperedges, durability: 'os' })
  }
  const seconds = (performance.now() - began) / 1000
  const arity = set.members.length / edgeCount
  console.log(
    `loaded ${edgeCount} hyperedges of mean arity ${arity.toFixed(2)} in ${seconds.toFixed(1)} s`,
  )
}
