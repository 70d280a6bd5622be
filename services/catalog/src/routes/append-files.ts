import {
  appendFilesRequest,
  HyperMeshError,
  parseJson,
  parseTableName,
  settleCommitRequest,
} from '@hypermesh/contract'
import { type App, mountRoute, readJson } from '@hypermesh/kit'
import { z } from 'zod'
import { json } from '../answers.ts'
import type { CatalogParts } from '../catalog-parts.ts'

export function mountAppendFiles(app: App, { appendFiles }: CatalogParts): void {
  mountRoute(app, 'appendFiles', async (c) => {
    const name = parseTableName(c.req.param('table') ?? '')
    const body = await readJson(c, appendFilesRequest, { parse: parseJson })
    return json(await appendFiles.append({ principal: c.var.principal }, name, body))
  })
  mountRoute(app, 'commitPosition', async (c) => c.json({ seq: await appendFiles.position() }))
  mountRoute(app, 'findCommit', async (c) =>
    json(await appendFiles.find(parseCommitId(c.req.param('commitId')))),
  )
  mountRoute(app, 'settleCommit', async (c) => {
    const commitId = parseCommitId(c.req.param('commitId'))
    const request = await readJson(c, settleCommitRequest)
    return json(await appendFiles.settle({ principal: c.var.principal }, commitId, request))
  })
}

function parseCommitId(text: string | undefined): string {
  const commitId = z.uuid().safeParse(text)
  if (commitId.success) return commitId.data
  throw new HyperMeshError('invalid', 'a commit id is a UUID')
}
