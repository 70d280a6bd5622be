import { defineService } from '@hypermesh/kit'
import { catalogConfigSchema } from './config.ts'

const load = () => import('./create-catalog.ts')

export const catalog = defineService({
  name: 'catalog',
  config: catalogConfigSchema,
  needs: [],
  leaves: ['commit-'],
  load,
  create: async (config, deps) => (await load()).createCatalog(config, deps),
})
