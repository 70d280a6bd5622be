import { createRequire } from 'node:module'
import { HnswError } from './errors.ts'
import type { NativeAddon } from './native-types.ts'

let loaded: NativeAddon | undefined

/** The addon of this thread, loaded at the first call; `unsupported` when it was not built. */
export function loadNative(): NativeAddon {
  if (loaded !== undefined) return loaded
  const require = createRequire(import.meta.url)
  try {
    // Its one importer; the addon has this shape.
    loaded = require('../build/Release/hnsw.node') as NativeAddon
    return loaded
  } catch (cause) {
    const hint = 'build it with "npm run build" in the directory of @hypermesh/hnsw'
    throw new HnswError('unsupported', `the vector index's addon cannot be loaded; ${hint}`, {
      cause,
    })
  }
}
