import type { RouteId } from '@hypermesh/contract'
import { callForLargeReply, callForReply } from './reply.ts'
import type { CallOptions, Transport } from './transport.ts'
import type { VectorClient } from './vector-client.ts'

const octets = { 'content-type': 'application/octet-stream' }

export function vectorMethods(transport: Transport): VectorClient {
  return {
    ...indexMethods(transport),
    ...pointMethods(transport),
    ...sourceMethods(transport),
    searchVectors: (index, json, options) =>
      callForLargeReply(transport, callOf('searchVectors', index, { json, options }), {}),
    searchVectorBytes: (index, queries, query = {}, options = {}) => {
      const { filter, withVector, withMetadata, ...rest } = query
      const sent = {
        ...rest,
        filter: filter && JSON.stringify(filter),
        withVector: withVector === undefined ? undefined : String(withVector),
        withMetadata: withMetadata === undefined ? undefined : String(withMetadata),
      }
      const call = callOf('searchVectors', index, { options })
      const body = bytesOf(queries)
      return callForLargeReply(transport, { ...call, body, query: sent, headers: octets }, {})
    },
    recommendVectors: (index, json, options) =>
      callForLargeReply(transport, callOf('recommendVectors', index, { json, options }), {
        hits: 'array',
      }),
    mergeVectors: (index, json, options) =>
      callForReply(transport, callOf('mergeVectors', index, { json, options })),
    listVectorSnapshots: (index, options) =>
      callForReply(transport, callOf('listVectorSnapshots', index, { options })),
    createVectorSnapshot: (index, json = {}, options = {}) =>
      callForReply(transport, callOf('createVectorSnapshot', index, { json, options })),
    deleteVectorSnapshot: async (index, snapshot, options) => {
      const parameters = { index, snapshot }
      await transport.send({ id: 'deleteVectorSnapshot', parameters, options })
    },
    restoreVectorIndex: (index, json, options) =>
      callForReply(transport, callOf('restoreVectorIndex', index, { json, options })),
  }
}

type IndexMethods = Pick<
  VectorClient,
  | 'listVectorIndexes'
  | 'createVectorIndex'
  | 'getVectorIndex'
  | 'deleteVectorIndex'
  | 'vectorStats'
  | 'compactVectors'
>

function indexMethods(transport: Transport): IndexMethods {
  return {
    listVectorIndexes: (options) => callForReply(transport, { id: 'listVectorIndexes', options }),
    createVectorIndex: (index, json, options) =>
      callForReply(transport, callOf('createVectorIndex', index, { json, options })),
    getVectorIndex: (index, options) =>
      callForReply(transport, callOf('getVectorIndex', index, { options })),
    deleteVectorIndex: async (index, options) => {
      await transport.send(callOf('deleteVectorIndex', index, { options }))
    },
    vectorStats: (index, options) =>
      callForReply(transport, callOf('vectorStats', index, { options })),
    compactVectors: (index, options) =>
      callForReply(transport, callOf('compactVectors', index, { options })),
  }
}

type SourceMethods = Pick<
  VectorClient,
  'putVectorSource' | 'getVectorSource' | 'deleteVectorSource' | 'syncVectorSource'
>

function sourceMethods(transport: Transport): SourceMethods {
  return {
    putVectorSource: (index, json, options) =>
      callForReply(transport, callOf('putVectorSource', index, { json, options })),
    getVectorSource: (index, options) =>
      callForReply(transport, callOf('getVectorSource', index, { options })),
    deleteVectorSource: async (index, options) => {
      await transport.send(callOf('deleteVectorSource', index, { options }))
    },
    syncVectorSource: (index, options) =>
      callForReply(transport, callOf('syncVectorSource', index, { options })),
  }
}

type PointMethods = Pick<
  VectorClient,
  | 'writePoints'
  | 'writePointBytes'
  | 'deletePoints'
  | 'getPoints'
  | 'getPoint'
  | 'scrollPoints'
  | 'countPoints'
  | 'facetPoints'
>

function pointMethods(transport: Transport): PointMethods {
  return {
    writePoints: (index, json, options) =>
      callForReply(transport, callOf('writePoints', index, { json, options })),
    writePointBytes: (index, { ids, vectors }, { mode, ...options } = {}) => {
      const call = callOf('writePoints', index, { options })
      const body = pointBytes(ids, vectors)
      return callForReply(transport, { ...call, body, query: { mode }, headers: octets })
    },
    deletePoints: (index, json, options) =>
      callForReply(transport, callOf('deletePoints', index, { json, options })),
    getPoints: (index, json, options) =>
      callForLargeReply(transport, callOf('getPoints', index, { json, options }), {
        points: 'array',
      }),
    getPoint: (index, id, { withVector, withMetadata, ...options } = {}) =>
      callForReply(transport, {
        id: 'getPoint',
        parameters: { index, id: String(id) },
        query: {
          withVector: withVector === undefined ? undefined : String(withVector),
          withMetadata: withMetadata === undefined ? undefined : String(withMetadata),
        },
        options,
      }),
    scrollPoints: (index, json = {}, options = {}) =>
      callForLargeReply(transport, callOf('scrollPoints', index, { json, options }), {
        points: 'array',
      }),
    countPoints: (index, json = {}, options = {}) =>
      callForReply(transport, callOf('countPoints', index, { json, options })),
    facetPoints: (index, json, options) =>
      callForReply(transport, callOf('facetPoints', index, { json, options })),
  }
}

function callOf<Id extends RouteId>(
  id: Id,
  index: string,
  rest: { readonly json?: unknown; readonly options?: CallOptions | undefined },
) {
  return { id, parameters: { index }, ...rest }
}

/** uint32 n, n uint64 ids, the vectors; little-endian. */
function pointBytes(ids: readonly number[], vectors: Float32Array): Uint8Array {
  const vectorsAt = 4 + ids.length * 8
  const bytes = new Uint8Array(vectorsAt + vectors.byteLength)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, ids.length, true)
  for (const [index, id] of ids.entries()) view.setBigUint64(4 + index * 8, BigInt(id), true)
  bytes.set(bytesOf(vectors), vectorsAt)
  return bytes
}

function bytesOf(numbers: Float32Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)
}
