import { defineService } from '@hypermesh/kit'
import { graphConfigSchema } from './config.ts'

const load = () => import('./create-graph.ts')

/** Databases of temporal hyperedges: the engine behind HTTP. */
export const graph = defineService({
  name: 'graph',
  config: graphConfigSchema,
  needs: [],
  asks: ['catalog', 'query', 'ingest', 'vector'],
  load,
  create: async (config, deps) => (await load()).createGraph(config, deps),
})
