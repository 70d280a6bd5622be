import { defineService } from '@hypermesh/kit'
import { vectorConfigSchema } from './config.ts'

const load = () => import('./create-vector.ts')

/** Vector search: indexes in memory, whose files and logs say the same. */
export const vector = defineService({
  name: 'vector',
  config: vectorConfigSchema,
  needs: [],
  asks: ['catalog', 'query'],
  load,
  create: async (config, deps) => (await load()).createVector(config, deps),
})
