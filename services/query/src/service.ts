import { defineService } from '@hypermesh/kit'
import { queryConfigSchema } from './config.ts'

const load = () => import('./create-query.ts')

/** SQL out: one statement that only reads, over tables as their snapshots say. */
export const query = defineService({
  name: 'query',
  config: queryConfigSchema,
  needs: ['catalog'],
  asks: ['vector', 'graph'],
  load,
  create: async (config, deps) => (await load()).createQuery(config, deps),
})
