import { type AppOptions, createApp, type Fetch } from '@hypermesh/kit'
import type { KeyStore } from './key-store.ts'
import { mountKeys } from './routes/keys.ts'

/** The routes of the gateway that need a key; served as those of any other service. */
export function createRoutes(keys: KeyStore, options: AppOptions): Fetch {
  const app = createApp(options)
  mountKeys(app, keys)
  return (request, context) => app.fetch(request, context)
}
