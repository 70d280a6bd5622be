import {
  createVectorIndexRequest,
  createVectorSnapshotRequest,
  mergeVectorsRequest,
  parseIdentifier,
  restoreVectorIndexRequest,
} from '@hypermesh/contract'
import { type App, mountRoute, readJson } from '@hypermesh/kit'
import { mergeIndex } from '../index-merge.ts'
import type { VectorIndexes } from '../vector-indexes.ts'
import { nameOf } from './requests.ts'

export function mountIndexes(app: App, indexes: VectorIndexes): void {
  mountRoute(app, 'listVectorIndexes', async (c) => c.json({ indexes: await indexes.list() }))
  mountRoute(app, 'createVectorIndex', async (c) => {
    const name = parseIdentifier(nameOf(c))
    const { index, isNew } = await indexes.create(name, await readJson(c, createVectorIndexRequest))
    return c.json(index, isNew ? 201 : 200)
  })
  mountRoute(app, 'getVectorIndex', async (c) => c.json((await indexes.get(nameOf(c))).describe()))
  mountRoute(app, 'deleteVectorIndex', async (c) => {
    await indexes.delete(nameOf(c))
    return c.body(null, 204)
  })
  mountRoute(app, 'vectorStats', async (c) => c.json((await indexes.get(nameOf(c))).stats()))
  mountRoute(app, 'compactVectors', async (c) => {
    const index = await indexes.get(nameOf(c))
    return c.json({ removed: await index.compact() })
  })
  mountRoute(app, 'mergeVectors', async (c) => {
    const { from } = await readJson(c, mergeVectorsRequest)
    const into = await indexes.get(nameOf(c))
    return c.json(await mergeIndex(await indexes.get(from), into, c.var.signal))
  })
  mountSnapshots(app, indexes)
}

function mountSnapshots(app: App, indexes: VectorIndexes): void {
  mountRoute(app, 'listVectorSnapshots', async (c) =>
    c.json({ snapshots: await indexes.snapshots(nameOf(c)) }),
  )
  mountRoute(app, 'createVectorSnapshot', async (c) => {
    const { snapshot } = await readJson(c, createVectorSnapshotRequest)
    return c.json(await indexes.snapshot(nameOf(c), snapshot), 201)
  })
  mountRoute(app, 'deleteVectorSnapshot', async (c) => {
    await indexes.deleteSnapshot(nameOf(c), parseIdentifier(c.req.param('snapshot') ?? ''))
    return c.body(null, 204)
  })
  mountRoute(app, 'restoreVectorIndex', async (c) => {
    const { snapshot, from } = await readJson(c, restoreVectorIndexRequest)
    const name = parseIdentifier(nameOf(c))
    return c.json(await indexes.restore(name, { snapshot, from: from ?? name }))
  })
}
