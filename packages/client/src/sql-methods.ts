import { type ResultFormat, resultMediaTypes, type SqlRequest } from '@hypermesh/contract'
import type { HyperMeshClient } from './client.ts'
import { callForLargeReply } from './reply.ts'
import { ndjsonRows, toSqlStream } from './result-stream.ts'
import type { CallOptions, Transport } from './transport.ts'

type SqlMethods = Pick<HyperMeshClient, 'sql' | 'sqlStream' | 'rows'>

export function sqlMethods(transport: Transport): SqlMethods {
  return {
    sql: (request, options) =>
      callForLargeReply(transport, sqlCall(request, 'json', options), {
        columns: 'array',
        rows: 'array',
      }),
    sqlStream: async (request, options) =>
      toSqlStream(
        options.format,
        await transport.send(sqlCall(request, options.format, options)),
        options.signal,
      ),
    async *rows(request, options) {
      const response = await transport.send(sqlCall(request, 'ndjson', options))
      yield* ndjsonRows(toSqlStream('ndjson', response, options?.signal))
    },
  }
}

function sqlCall(
  request: string | SqlRequest,
  format: ResultFormat,
  options: CallOptions | undefined,
) {
  const json: SqlRequest = typeof request === 'string' ? { sql: request } : request
  return {
    id: 'sql',
    json,
    headers: { accept: resultMediaTypes[format] },
    // The deadline in the request and the one on the way are the same.
    options: { ...options, timeoutMs: options?.timeoutMs ?? json.timeoutMs },
  } as const
}
