import { appendFilesRequest, HyperMeshError, parseTableName } from '@hypermesh/contract'
import { type App, mountRoute, readJson } from '@hypermesh/kit'
import { z } from 'zod'
import type { CatalogParts } from '../routes.ts'

export function mountAppendFiles(app: App, { appendFiles }: CatalogParts): void {
  mountRoute(app, 'appendFiles', async (c) => {
    const name = parseTableName(c.req.param('table') ?? '')
    const body = await readJson(c, appendFilesRequest)
    return c.json(await appendFiles.append(c.var.principal, name, body))
  })
  mountRoute(app, 'settleCommit', async (c) => {
    const commitId = z.uuid().safeParse(c.req.param('commitId'))
    if (!commitId.success) throw new HyperMeshError('invalid', 'a commit id is a UUID')
    return c.json(await appendFiles.settle(c.var.principal, commitId.data))
  })
}
