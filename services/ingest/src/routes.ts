import {
  type Compression,
  contentEncodings,
  HyperMeshError,
  type IngestQuery,
  ingestQuery,
  mediaTypes,
  parseTableName,
  printable,
} from '@hypermesh/contract'
import { type App, contextOf, mountRoute, readQuery, streamBody, type Visit } from '@hypermesh/kit'
import type { Ingest, LoadInput } from './ingest.ts'
import type { Jobs } from './jobs/jobs.ts'
import { mountFiles } from './routes/files.ts'
import { accepted, prefersAsync } from './routes/jobs.ts'
import { parseTypes, readTerms } from './routes/load-terms.ts'

export function mountIngest(app: App, ingest: Ingest, jobs: Jobs): void {
  mountRoute(app, 'ingest', async (c) => {
    const table = parseTableName(c.req.param('table') ?? '')
    const query = readQuery(c, ingestQuery)
    const request = { ...(await readInput(c, query)), ...readTerms(c, query), table }
    if (query.async === 'true' || prefersAsync(c)) return accepted(c, await jobs.submit(request))
    return c.json(await ingest.load(request))
  })
  mountFiles(app, ingest)
  mountRoute(app, 'inspect', async (c) => {
    return c.json(await ingest.inspect(await readInput(c, readQuery(c, ingestQuery))))
  })
}

async function readInput(c: Visit, query: IngestQuery): Promise<LoadInput> {
  const { signal, limits } = c.var
  const types = parseTypes(query.types)
  const context = contextOf(c)
  if (query.source !== undefined) {
    if (await hasBody(c)) {
      throw new HyperMeshError('invalid', 'send either a body or source=…, not both')
    }
    const { format, compression } = query
    const hints = { format, compression, fileName: query.name ?? query.source }
    return { context, types, hints, source: query.source }
  }
  const mediaType = readMediaType(c, query)
  const body = streamBody(c.req.raw, {
    bytesMax: limits.uploadBytesMax,
    limit: 'upload_bytes_max',
    signal,
  })
  return {
    context,
    types,
    hints: {
      format: query.format,
      mediaType,
      fileName: query.name,
      compression: query.compression ?? readEncoding(c),
    },
    body,
  }
}

async function hasBody(c: Visit): Promise<boolean> {
  const { signal, limits } = c.var
  const options = { bytesMax: limits.uploadBytesMax, limit: 'upload_bytes_max', signal }
  for await (const chunk of streamBody(c.req.raw, options)) if (chunk.byteLength > 0) return true
  return false
}

const plainMedia = new Set([
  'application/octet-stream',
  'text/plain',
  'application/gzip',
  'application/x-gzip',
  'application/zstd',
  '',
])

/** An encoding of the body is one more way to say how the file is packed, not a second packing. */
function readEncoding(c: Visit): Compression | undefined {
  const encoding = c.req.header('content-encoding')?.trim().toLowerCase()
  if (encoding === undefined || encoding === '' || encoding === 'identity') return undefined
  if (Object.hasOwn(contentEncodings, encoding)) return contentEncodings[encoding]
  throw new HyperMeshError(
    'unsupported_media',
    `content-encoding ${printable(encoding)} is not supported; pack the file with gzip or zstd`,
  )
}

/** A media type must name a format, or say nothing. */
function readMediaType(c: Visit, query: IngestQuery): string | undefined {
  const header = c.req.header('content-type') ?? ''
  const media = header.split(';')[0]?.trim().toLowerCase() ?? ''
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(header)?.[1]?.toLowerCase()
  if (charset !== undefined && !['utf-8', 'utf8', 'us-ascii'].includes(charset)) {
    throw new HyperMeshError(
      'unsupported_media',
      `charset ${printable(charset)} is not supported; convert the file to UTF-8`,
    )
  }
  if (Object.hasOwn(mediaTypes, media)) return media
  if (plainMedia.has(media)) return undefined
  const isForm = media.startsWith('multipart/') || media === 'application/x-www-form-urlencoded'
  if (!isForm && query.format !== undefined) return undefined
  throw new HyperMeshError(
    'unsupported_media',
    `content-type ${printable(media)} names no format; send one of ` +
      `${Object.keys(mediaTypes).join(', ')}, or application/octet-stream with format=…`,
    { details: { mediaType: printable(media) } },
  )
}
