import {
  createNamespaceRequest,
  HyperMeshError,
  pageQuery,
  updateNamespacePropertiesRequest,
} from '@hypermesh/contract'
import { type App, mountRoute, readJson, readQuery } from '@hypermesh/kit'
import type { CatalogParts } from '../catalog-parts.ts'

export function mountNamespaces(app: App, { namespaces }: CatalogParts): void {
  mountRoute(app, 'listNamespaces', async (c) => {
    const { parent, ...page } = readQuery(
      c,
      pageQuery.extend({ parent: pageQuery.shape.pageToken }),
    )
    if (parent) return c.json({ namespaces: [], 'next-page-token': null })
    const { items, next } = await namespaces.list(page)
    return c.json({ namespaces: items.map((name) => [name]), 'next-page-token': next })
  })
  mountRoute(app, 'createNamespace', async (c) => {
    const body = await readJson(c, createNamespaceRequest)
    const name = oneLevel(body.namespace)
    const entry = await namespaces.create(c.var.principal, name, body.properties ?? {})
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
  mountRoute(app, 'dropNamespace', async (c) => {
    await namespaces.drop(c.var.principal, c.req.param('namespace') ?? '')
    return c.body(null, 204)
  })
  mountRoute(app, 'updateNamespaceProperties', async (c) => {
    const body = await readJson(c, updateNamespacePropertiesRequest)
    const changes = { removals: body.removals ?? [], updates: body.updates ?? {} }
    const name = c.req.param('namespace') ?? ''
    return c.json(await namespaces.updateProperties(c.var.principal, name, changes))
  })
}

function oneLevel(levels: readonly string[]): string {
  const [name, ...deeper] = levels
  if (name !== undefined && deeper.length === 0) return name
  throw new HyperMeshError('invalid_name', 'namespaces have one level here')
}
