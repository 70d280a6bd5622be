import { join } from 'node:path'
import { createApp, defineService } from '@hypermesh/kit'
import { DiskStore } from '@hypermesh/object-store'
import { storageConfig } from './config.ts'
import { mountObjects } from './routes.ts'

/** Objects over HTTP. They lie apart from the warehouse, which is not reachable through here. */
export const storage = defineService({
  name: 'storage',
  config: storageConfig,
  needs: [],
  async create(_config, { logger, limits, paths }) {
    const store = new DiskStore({
      root: join(paths.root, 'objects'),
      temporary: paths.temporary,
      keyBytesMax: limits.objectKeyBytesMax,
    })
    const app = createApp({ logger, limits })
    mountObjects(app, store)
    return {
      fetch: (request, context) => app.fetch(request, context),
      async [Symbol.asyncDispose]() {},
    }
  },
})
