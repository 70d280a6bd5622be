import { formatTableName, HyperMeshError, mediaTypes } from '@hypermesh/contract'
import type { HyperMeshClient, LoadRequest, TableReference } from './client.ts'
import { callForReply } from './reply.ts'
import type { Transport } from './transport.ts'

type LoadMethods = Pick<HyperMeshClient, 'ingest' | 'inspect'>

export function loadMethods(transport: Transport): LoadMethods {
  return {
    ingest: async (table, request, options) =>
      callForReply(transport, {
        id: 'ingest',
        parameters: { table: tableText(table) },
        ...loadCall(request),
        options,
      }),
    inspect: async (request, options) =>
      callForReply(transport, { id: 'inspect', ...loadCall(request), options }),
  }
}

export function tableText(table: TableReference): string {
  return typeof table === 'string' ? table : formatTableName(table)
}

export function loadCall(request: LoadRequest) {
  const { body, source, mode, format, compression, name, types, again } = request
  const { partitionBy, sortBy, onBadRows, badRowsMax } = request
  if ((body === undefined) === (source === undefined)) {
    throw new HyperMeshError('invalid', 'give either the body or the source of the file')
  }
  const mediaType = Object.entries(mediaTypes).find(([, of]) => of === format)?.[0]
  return {
    query: {
      mode,
      format,
      compression,
      name,
      source,
      types: types && Object.keys(types).length > 0 ? JSON.stringify(types) : undefined,
      partition_by: partitionBy,
      sort_by: sortBy,
      on_bad_rows: onBadRows,
      bad_rows_max: badRowsMax,
      again: again ? 'true' : undefined,
    },
    ...(body === undefined
      ? {}
      : { body, headers: { 'content-type': mediaType ?? 'application/octet-stream' } }),
  }
}
