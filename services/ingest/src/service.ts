import { defineService } from '@hypermesh/kit'
import { ingestConfigSchema } from './config.ts'

const load = () => import('./create-ingest.ts')

/** Files in: each becomes Parquet and one commit, or nothing. */
export const ingest = defineService({
  name: 'ingest',
  config: ingestConfigSchema,
  needs: ['catalog'],
  leaves: ['ingest-'],
  load,
  create: async (config, deps) => (await load()).createIngest(config, deps),
})
