import {
  headers,
  type ResultFormat,
  type RunSavedRequest,
  resultMediaTypes,
  type SqlRequest,
} from '@hypermesh/contract'
import { callForLargeReply, callForReply } from './reply.ts'
import { ndjsonRows, toSqlStream } from './result-stream.ts'
import type { SqlCallOptions, SqlClient } from './sql-client.ts'
import type { CallOptions, Transport } from './transport.ts'

export function sqlMethods(transport: Transport): SqlClient {
  return {
    sql: (request, options) =>
      callForLargeReply(transport, sqlCall(request, 'json', options), pageShape),
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
    sqlPage: (id, options) => callForPage(transport, id, options),
    async *sqlPages(request, options) {
      const call = sqlCall(request, 'json', options)
      let page = await callForLargeReply(transport, call, pageShape)
      for (;;) {
        const { next } = page
        yield page
        if (next === undefined || next === null) return
        page = await callForPage(transport, next, options)
      }
    },
    listVirtualTables: (options) => callForReply(transport, { id: 'listVirtualTables', options }),
    linkVirtualTable: (json, options) =>
      callForReply(transport, { id: 'linkVirtualTable', json, options }),
    unlinkVirtualTable: async (table, options) => {
      await transport.send({ id: 'unlinkVirtualTable', parameters: { table }, options })
    },
    listSavedQueries: (options) => callForReply(transport, { id: 'listSavedQueries', options }),
    getSavedQuery: (name, options) =>
      callForReply(transport, { id: 'getSavedQuery', parameters: { name }, options }),
    saveQuery: (name, json, options) =>
      callForReply(transport, {
        id: 'saveQuery',
        parameters: { name },
        json,
        headers: { 'if-none-match': options?.create === true ? '*' : undefined },
        options,
      }),
    deleteSavedQuery: async (name, options) => {
      await transport.send({ id: 'deleteSavedQuery', parameters: { name }, options })
    },
    runSavedQuery: (name, request = {}, options = {}) =>
      callForLargeReply(transport, savedCall(name, request, { ...options, format: 'json' }), {
        columns: 'array',
        rows: 'array',
      }),
    streamSavedQuery: async (name, request, options) =>
      toSqlStream(
        options.format,
        await transport.send(savedCall(name, request, options)),
        options.signal,
      ),
    listQueries: (options) => callForReply(transport, { id: 'listQueries', options }),
    cancelQuery: async (id, options) => {
      await transport.send({ id: 'cancelQuery', parameters: { id }, options })
    },
  }
}

const pageShape = { columns: 'array', rows: 'array' } as const

function callForPage(transport: Transport, id: string, options: CallOptions | undefined) {
  return callForLargeReply(transport, { id: 'sqlPage', parameters: { id }, options }, pageShape)
}

function sqlCall(
  request: string | SqlRequest,
  format: ResultFormat,
  options: SqlCallOptions | undefined,
) {
  const json: SqlRequest = typeof request === 'string' ? { sql: request } : request
  return {
    id: 'sql',
    json,
    headers: { accept: resultMediaTypes[format], [headers.queryId]: options?.queryId },
    // The deadline in the request and the one on the way are the same.
    options: { ...options, timeoutMs: options?.timeoutMs ?? json.timeoutMs },
  } as const
}

function savedCall(
  name: string,
  json: RunSavedRequest,
  { format, ...options }: SqlCallOptions & { readonly format: ResultFormat },
) {
  return {
    id: 'runSavedQuery',
    parameters: { name },
    json,
    headers: { accept: resultMediaTypes[format], [headers.queryId]: options.queryId },
    options: { ...options, timeoutMs: options.timeoutMs ?? json.timeoutMs },
  } as const
}
