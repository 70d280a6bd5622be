import { formatTableName, HyperMeshError, mediaTypes } from '@hypermesh/contract'
import type { HyperMeshClient, LoadRequest, LoadTerms, TableReference } from './client.ts'
import { toFormBody } from './form-body.ts'
import { callForReply } from './reply.ts'
import type { Transport } from './transport.ts'

type LoadMethods = Pick<HyperMeshClient, 'ingest' | 'ingestFiles' | 'inspect'>

export function loadMethods(transport: Transport): LoadMethods {
  return {
    ingest: async (table, request, options) =>
      callForReply(transport, {
        id: 'ingest',
        parameters: { table: tableText(table) },
        ...loadCall(request),
        options,
      }),
    ingestFiles: async (table, files, { atomic, ...terms } = {}, options) => {
      const { contentType, body } = toFormBody(files)
      return callForReply(transport, {
        id: 'ingestFiles',
        parameters: { table: tableText(table) },
        query: { ...termsOf(terms), atomic: atomic ? 'true' : undefined },
        body,
        headers: { 'content-type': contentType },
        options,
      })
    },
    inspect: async (request, options) =>
      callForReply(transport, { id: 'inspect', ...loadCall(request), options }),
  }
}

export function tableText(table: TableReference): string {
  return typeof table === 'string' ? table : formatTableName(table)
}

export function loadCall(request: LoadRequest) {
  const { body, source, name, format } = request
  if ((body === undefined) === (source === undefined)) {
    throw new HyperMeshError('invalid', 'give either the body or the source of the file')
  }
  const mediaType = Object.entries(mediaTypes).find(([, of]) => of === format)?.[0]
  return {
    query: { ...termsOf(request), name, source },
    ...(body === undefined
      ? {}
      : { body, headers: { 'content-type': mediaType ?? 'application/octet-stream' } }),
  }
}

function termsOf(terms: LoadTerms) {
  const { mode, format, compression, types, again } = terms
  const { partitionBy, sortBy, onBadRows, badRowsMax } = terms
  return {
    mode,
    format,
    compression,
    types: types && Object.keys(types).length > 0 ? JSON.stringify(types) : undefined,
    partition_by: partitionBy,
    sort_by: sortBy,
    on_bad_rows: onBadRows,
    bad_rows_max: badRowsMax,
    again: again ? 'true' : undefined,
  }
}
