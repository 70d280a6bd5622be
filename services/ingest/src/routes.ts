import {
  type Compression,
  contentEncodings,
  HyperMeshError,
  headers,
  type IngestQuery,
  ingestQuery,
  mediaTypes,
  parseTableName,
  printable,
} from '@hypermesh/contract'
import { type App, type AppEnv, contextOf, mountRoute, readQuery, streamBody } from '@hypermesh/kit'
import type { Context } from 'hono'
import { z } from 'zod'
import type { Ingest, LoadInput } from './ingest.ts'
import type { Jobs } from './jobs/jobs.ts'
import { assertLayout, type LayoutRequest } from './load-layout.ts'
import { accepted, prefersAsync } from './routes/jobs.ts'

export function mountIngest(app: App, ingest: Ingest, jobs: Jobs): void {
  mountRoute(app, 'ingest', async (c) => {
    const table = parseTableName(c.req.param('table') ?? '')
    const query = readQuery(c, ingestQuery)
    const request = {
      ...(await readInput(c, query)),
      table,
      mode: query.mode,
      again: query.again === 'true',
      layout: readLayout(query),
      badRows: readBadRows(query, c.var.limits.badRowsMax),
      idempotencyKey: readIdempotencyKey(c),
    }
    if (query.async === 'true' || prefersAsync(c)) return accepted(c, await jobs.submit(request))
    return c.json(await ingest.load(request))
  })
  mountRoute(app, 'inspect', async (c) => {
    return c.json(await ingest.inspect(await readInput(c, readQuery(c, ingestQuery))))
  })
}

async function readInput(c: Context<AppEnv>, query: IngestQuery): Promise<LoadInput> {
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

function readBadRows({ on_bad_rows, bad_rows_max }: IngestQuery, most: number) {
  if (on_bad_rows === 'skip') return { rowsMax: Math.min(bad_rows_max ?? most, most) }
  if (bad_rows_max === undefined) return undefined
  throw new HyperMeshError('invalid', 'bad_rows_max goes with on_bad_rows=skip')
}

function readLayout({ partition_by, sort_by }: IngestQuery): LayoutRequest | undefined {
  if (partition_by === undefined && sort_by === undefined) return undefined
  const layout = { partitionBy: partition_by, sortBy: sort_by }
  assertLayout(layout)
  return layout
}

async function hasBody(c: Context<AppEnv>): Promise<boolean> {
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
function readEncoding(c: Context<AppEnv>): Compression | undefined {
  const encoding = c.req.header('content-encoding')?.trim().toLowerCase()
  if (encoding === undefined || encoding === '' || encoding === 'identity') return undefined
  if (Object.hasOwn(contentEncodings, encoding)) return contentEncodings[encoding]
  throw new HyperMeshError(
    'unsupported_media',
    `content-encoding ${printable(encoding)} is not supported; pack the file with gzip or zstd`,
  )
}

/** A media type must name a format, or say nothing. */
function readMediaType(c: Context<AppEnv>, query: IngestQuery): string | undefined {
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

const typesSchema = z.record(z.string(), z.string().max(10_000))

function parseTypes(text: string | undefined): Readonly<Record<string, string>> {
  if (text === undefined) return {}
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new HyperMeshError('invalid', 'types is not JSON; write {"column": "TYPE"}', { cause })
  }
  const parsed = typesSchema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new HyperMeshError('invalid', 'types must be an object of column → SQL type', {
    cause: parsed.error,
  })
}

function readIdempotencyKey(c: Context<AppEnv>): string | undefined {
  const key = c.req.header(headers.idempotencyKey)
  if (key === undefined) return undefined
  if (/^[\x21-\x7E]{1,255}$/.test(key)) return key
  throw new HyperMeshError(
    'invalid',
    'Idempotency-Key must be 1 to 255 visible ASCII characters without blanks',
  )
}
