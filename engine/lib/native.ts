import { createRequire } from 'node:module'
import { EngineError } from './errors.ts'
import type { NativeAddon } from './native-types.ts'

let loaded: NativeAddon | undefined

/** The addon of this thread, loaded at the first call; `unsupported` when it was not built. */
export function loadNative(): NativeAddon {
  if (loaded !== undefined) return loaded
  const require = createRequire(import.meta.url)
  try {
    // Its one importer; the addon has this shape.
    loaded = require('../build/Release/engine.node') as NativeAddon
    return loaded
  } catch (cause) {
    const hint = 'build it with "npm run build" in the directory of @hypermesh/engine'
    throw new EngineError('unsupported', `the engine's addon cannot be loaded; ${hint}`, { cause })
  }
}
