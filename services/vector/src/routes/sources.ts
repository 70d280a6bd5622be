import { vectorSourceRequest } from '@hypermesh/contract'
import { type App, mountRoute, readJson } from '@hypermesh/kit'
import type { SourceFollower } from '../source/source-follower.ts'
import type { VectorIndexes } from '../vector-indexes.ts'
import { nameOf } from './requests.ts'

export function mountSources(app: App, indexes: VectorIndexes, follower: SourceFollower): void {
  mountRoute(app, 'getVectorSource', async (c) =>
    c.json(await follower.status(await indexes.get(nameOf(c)), c.var.signal)),
  )
  mountRoute(app, 'putVectorSource', async (c) => {
    const index = await indexes.get(nameOf(c))
    const request = await readJson(c, vectorSourceRequest)
    return c.json(await follower.follow(index, request, c.var.signal))
  })
  mountRoute(app, 'deleteVectorSource', async (c) => {
    await follower.end(await indexes.get(nameOf(c)), c.var.signal)
    return c.body(null, 204)
  })
  mountRoute(app, 'syncVectorSource', async (c) =>
    c.json(await follower.sync(await indexes.get(nameOf(c)), c.var.signal)),
  )
}
