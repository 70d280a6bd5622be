import {
  HyperMeshError,
  type IngestFilesReply,
  ingestFilesQuery,
  mediaTypes,
  parseTableName,
} from '@hypermesh/contract'
import { type App, contextOf, mountRoute, readQuery, streamBody, type Visit } from '@hypermesh/kit'
import { type FormFile, readBoundary, readFormFiles } from '../form-files.ts'
import type { Ingest, LoadRequest } from '../ingest.ts'
import { parseTypes, readTerms } from './load-terms.ts'

const multiStatus = 207

export function mountFiles(app: App, ingest: Ingest): void {
  mountRoute(app, 'ingestFiles', async (c) => {
    const table = parseTableName(c.req.param('table') ?? '')
    const query = readQuery(c, ingestFilesQuery)
    const isAtomic = query.atomic === 'true'
    if (query.mode === 'overwrite' && !isAtomic) {
      throw new HyperMeshError(
        'invalid',
        'files would overwrite one another; with atomic=true they overwrite together',
      )
    }
    const terms = {
      ...readTerms(c, query),
      table,
      context: contextOf(c),
      types: parseTypes(query.types),
    }
    const { format, compression } = query
    const toRequest = ({ name, mediaType, body }: FormFile): LoadRequest => {
      const known = mediaType !== undefined && Object.hasOwn(mediaTypes, mediaType)
      const hints = {
        format,
        compression,
        fileName: name,
        mediaType: known ? mediaType : undefined,
      }
      return { ...terms, hints, body }
    }
    const files = readFiles(c)
    const reply: IngestFilesReply = isAtomic
      ? await ingest.loadTogether(terms.context, files, toRequest)
      : await ingest.loadEach(files, toRequest)
    return c.json(reply, reply.failed === 0 ? 200 : multiStatus)
  })
}

function readFiles(c: Visit): AsyncGenerator<FormFile> {
  const { signal, limits } = c.var
  const boundary = readBoundary(c.req.header('content-type') ?? '')
  const body = streamBody(c.req.raw, {
    bytesMax: limits.uploadBytesMax,
    limit: 'upload_bytes_max',
    signal,
  })
  return readFormFiles(body, boundary, limits.ingestFilesMax)
}
