import { type GraphQueryRequest, headers, resultMediaTypes } from '@hypermesh/contract'
import type { GraphQueryClient } from './graph-query-client.ts'
import { callForLargeReply, callForReply } from './reply.ts'
import { ndjsonRows, toSqlStream } from './result-stream.ts'
import type { SqlCallOptions } from './sql-client.ts'
import type { Transport } from './transport.ts'

export function graphQueryMethods(transport: Transport): GraphQueryClient {
  return {
    queryGraph: (database, request, options) =>
      callForLargeReply(transport, queryCall(database, request, { ...options, format: 'json' }), {
        columns: 'array',
        rows: 'array',
      }),
    async *graphRows(database, request, options) {
      const call = queryCall(database, request, { ...options, format: 'ndjson' })
      yield* ndjsonRows(toSqlStream('ndjson', await transport.send(call), options?.signal))
    },
    graphArrow: async (database, request, options) => {
      const call = queryCall(database, request, { ...options, format: 'arrow' })
      return toSqlStream('arrow', await transport.send(call), options?.signal).body
    },
    listGraphQueries: (database, options) =>
      callForReply(transport, { id: 'listGraphQueries', parameters: { database }, options }),
    cancelGraphQuery: async (database, id, options) => {
      await transport.send({ id: 'cancelGraphQuery', parameters: { database, id }, options })
    },
  }
}

function queryCall(
  database: string,
  request: string | GraphQueryRequest,
  { format, ...options }: SqlCallOptions & { readonly format: 'json' | 'ndjson' | 'arrow' },
) {
  const json: GraphQueryRequest = typeof request === 'string' ? { query: request } : request
  return {
    id: 'queryGraph',
    parameters: { database },
    json,
    headers: { accept: resultMediaTypes[format], [headers.queryId]: options.queryId },
    // The deadline in the request and the one on the way are the same.
    options: { ...options, timeoutMs: options.timeoutMs ?? json.timeout_ms },
  } as const
}
