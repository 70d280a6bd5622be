import type { HyperMeshClient, ObjectRange } from './client.ts'
import { callForReply, callUnlessMissing } from './reply.ts'
import type { Transport } from './transport.ts'

type ObjectMethods = Pick<
  HyperMeshClient,
  'listObjects' | 'getObject' | 'headObject' | 'putObject' | 'deleteObject'
>

export function objectMethods(transport: Transport): ObjectMethods {
  return {
    listObjects: (query, options) => callForReply(transport, listCall(query, options)),
    getObject: async (key, options) => {
      const range = options?.range
      const response = await transport.send({
        id: 'getObject',
        parameters: { key },
        ...(range ? { headers: { range: formatRange(range) } } : {}),
        options,
      })
      const body = response.body ?? new ReadableStream({ start: (stream) => stream.close() })
      return { ...headFields(response), body }
    },
    headObject: async (key, options) => {
      const call = { id: 'headObject', parameters: { key }, options } as const
      const response = await callUnlessMissing(transport, call)
      return response && headFields(response)
    },
    putObject: (key, body, options) =>
      callForReply(transport, {
        id: 'putObject',
        parameters: { key },
        body,
        headers: {
          'content-type': 'application/octet-stream',
          'if-none-match': options?.create ? '*' : undefined,
        },
        options,
      }),
    deleteObject: async (key, options) => {
      await transport.send({ id: 'deleteObject', parameters: { key }, options })
    },
  }
}

function listCall(
  query: Parameters<HyperMeshClient['listObjects']>[0],
  options: Parameters<HyperMeshClient['listObjects']>[1],
) {
  return { id: 'listObjects', query: { ...query }, options } as const
}

function headFields(response: Response): { bytes: number; etag: string | undefined } {
  return {
    bytes: Number(response.headers.get('content-length') ?? 0),
    etag: response.headers.get('etag') ?? undefined,
  }
}

/** HTTP names the last byte, we name the one after it. */
function formatRange(range: ObjectRange): string {
  if ('suffix' in range) return `bytes=-${range.suffix}`
  return `bytes=${range.start}-${range.end === undefined ? '' : range.end - 1}`
}
