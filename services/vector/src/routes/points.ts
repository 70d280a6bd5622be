import {
  deletePointsRequest,
  HyperMeshError,
  writePointsQuery,
  writePointsRequest,
} from '@hypermesh/contract'
import { type App, mountRoute, readJson, readQuery } from '@hypermesh/kit'
import { assertId, readPointBytes, readPoints } from '../point-batch.ts'
import type { EmbeddingProviders } from '../text/embedding-providers.ts'
import { embedPoints } from '../text/index-embedding.ts'
import type { VectorIndexes } from '../vector-indexes.ts'
import { hasBytes, nameOf, readBytes } from './requests.ts'

export function mountPoints(app: App, indexes: VectorIndexes, providers: EmbeddingProviders): void {
  mountRoute(app, 'writePoints', async (c) => {
    const { limits, signal } = c.var
    const index = await indexes.get(nameOf(c))
    const { definition } = index
    const query = readQuery(c, writePointsQuery)
    if (hasBytes(c)) {
      const batch = readPointBytes(await readBytes(c), { definition, limits })
      return c.json(await index.write(batch, { mode: query.mode ?? 'upsert', signal }))
    }
    const { points, mode } = await readJson(c, writePointsRequest)
    const read = readPoints(points, { definition, limits })
    const batch = await embedPoints(points, read, { definition, providers, signal })
    return c.json(await index.write(batch, { mode: query.mode ?? mode, signal }))
  })
  mountRoute(app, 'deletePoints', async (c) => {
    const { limits, signal } = c.var
    const index = await indexes.get(nameOf(c))
    const { ids, filter } = await readJson(c, deletePointsRequest)
    if ((ids === undefined) === (filter === undefined)) {
      throw new HyperMeshError('invalid', 'say ids or a filter, one of them')
    }
    for (const id of ids ?? []) assertId(id, limits)
    const what = ids === undefined ? { filter: filter ?? {} } : { ids: [...new Set(ids)] }
    return c.json({ deleted: await index.remove(what, signal) })
  })
}
