import {
  commitViewRequest,
  createViewRequest,
  type LoadViewReply,
  pageQuery,
  registerRequest,
  renameRequest,
} from '@hypermesh/contract'
import { type App, mountRoute, readJson, readQuery } from '@hypermesh/kit'
import { json } from '../answers.ts'
import type { CatalogParts } from '../catalog-parts.ts'
import { etagOf, matchesEtag } from '../etag.ts'
import { toTableName } from '../table-commits.ts'
import { mountReplayable } from './replayable-route.ts'

export function mountViews(app: App, parts: CatalogParts): void {
  const { views } = parts
  mountRoute(app, 'listViews', async (c) => {
    const { items, next } = await views.list(param(c, 'namespace'), readQuery(c, pageQuery))
    const identifiers = items.map((entry) => ({ namespace: [entry.namespace], name: entry.view }))
    return c.json({ identifiers, 'next-page-token': next })
  })
  mountRoute(app, 'loadView', async (c) => {
    const reply = await views.load(named(c))
    const etag = etagOf(reply['metadata-location'])
    if (matchesEtag(c.req.header('if-none-match'), etag)) return c.body(null, 304, { etag })
    return tagged(reply)
  })
  mountRoute(app, 'viewExists', async (c) => {
    await views.entry(named(c))
    return c.body(null, 204)
  })
  mountReplayable(app, 'createView', parts, async (c, caller) => {
    const body = await readJson(c, createViewRequest)
    return tagged(await views.create(caller, param(c, 'namespace'), body))
  })
  mountReplayable(app, 'replaceView', parts, async (c, caller) => {
    const body = await readJson(c, commitViewRequest)
    return tagged(await views.replace(caller, named(c), body))
  })
  mountReplayable(app, 'registerView', parts, async (c, caller) => {
    const body = await readJson(c, registerRequest)
    return tagged(await views.register(caller, param(c, 'namespace'), body))
  })
  mountReplayable(app, 'renameView', parts, async (c, caller) => {
    const { source, destination } = await readJson(c, renameRequest)
    await views.rename(caller, toTableName(source), toTableName(destination))
    return c.body(null, 204)
  })
  mountReplayable(app, 'dropView', parts, async (c, caller) => {
    await views.drop(caller, named(c))
    return c.body(null, 204)
  })
}

function tagged(reply: LoadViewReply): Response {
  return json(reply, 200, { etag: etagOf(reply['metadata-location']) })
}

interface WithParams {
  readonly req: { param(name: string): string | undefined }
}

function param(c: WithParams, name: string): string {
  return c.req.param(name) ?? ''
}

function named(c: WithParams) {
  return { namespace: param(c, 'namespace'), table: param(c, 'view') }
}
