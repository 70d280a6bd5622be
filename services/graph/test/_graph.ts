import { type OpenService, type OpenServiceOptions, openService } from '@hypermesh/testing'
import { graph } from '../src/index.ts'

export type OpenGraph = OpenService
type Peer = 'catalog' | 'query' | 'ingest' | 'vector'

/** The graph service through its fetch, on a directory of its own, asked by an admin. */
export function openGraph(options?: OpenServiceOptions<Peer>): Promise<OpenGraph> {
  return openService(graph, { under: '/v1/graph', as: 'admin' }, options)
}
