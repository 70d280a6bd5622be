import {
  createNamespaceRequest,
  HyperMeshError,
  pageQuery,
  updateNamespacePropertiesRequest,
} from '@hypermesh/contract'
import { type App, mountRoute, readJson, readQuery } from '@hypermesh/kit'
import type { CatalogParts } from '../catalog-parts.ts'
import { mountReplayable } from './replayable-route.ts'

export function mountNamespaces(app: App, parts: CatalogParts): void {
  const { namespaces } = parts
  mountRoute(app, 'listNamespaces', async (c) => {
    const { parent, ...page } = readQuery(
      c,
      pageQuery.extend({ parent: pageQuery.shape.pageToken }),
    )
    if (parent) {
      // Namespaces have one level here, so one that exists has none below it.
      await namespaces.load(parent)
      return c.json({ namespaces: [], 'next-page-token': null })
    }
    const { items, next } = await namespaces.list(page)
    return c.json({
      namespaces: items.map(({ namespace }) => [namespace]),
      'next-page-token': next,
    })
  })
  mountReplayable(app, 'createNamespace', parts, async (c, caller) => {
    const body = await readJson(c, createNamespaceRequest)
    const name = oneLevel(body.namespace)
    const entry = await namespaces.create(caller, name, body.properties ?? {})
    return c.json({ namespace: [entry.namespace], properties: entry.properties })
  })
  mountRoute(app, 'loadNamespace', async (c) => {
    const entry = await namespaces.load(c.req.param('namespace') ?? '')
    return c.json({ namespace: [entry.namespace], properties: entry.properties })
  })
  mountRoute(app, 'namespaceExists', async (c) => {
    await namespaces.load(c.req.param('namespace') ?? '')
    return c.body(null, 204)
  })
  mountReplayable(app, 'dropNamespace', parts, async (c, caller) => {
    await namespaces.drop(caller, c.req.param('namespace') ?? '')
    return c.body(null, 204)
  })
  mountReplayable(app, 'updateNamespaceProperties', parts, async (c, caller) => {
    const body = await readJson(c, updateNamespacePropertiesRequest)
    const changes = { removals: body.removals ?? [], updates: body.updates ?? {} }
    const name = c.req.param('namespace') ?? ''
    return c.json(await namespaces.updateProperties(caller, name, changes))
  })
}

function oneLevel(levels: readonly string[]): string {
  const [name, ...deeper] = levels
  if (name !== undefined && deeper.length === 0) return name
  throw new HyperMeshError('invalid_name', 'namespaces have one level here')
}
