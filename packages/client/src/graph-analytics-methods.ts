import {
  fromErrorBody,
  type GraphMeasureReply,
  graphMeasureProgress,
  graphMeasureReply,
  HyperMeshError,
} from '@hypermesh/contract'
import type { GraphAnalyticsClient, GraphMeasureOptions } from './graph-analytics-client.ts'
import { graphTableParameters } from './graph-methods.ts'
import { callForLargeReply, callForReply } from './reply.ts'
import { ndjsonRows, toSqlStream } from './result-stream.ts'
import type { Transport } from './transport.ts'

export function graphAnalyticsMethods(transport: Transport): GraphAnalyticsClient {
  return {
    listGraphMeasures: (table, options) =>
      callForReply(transport, {
        id: 'listGraphMeasures',
        parameters: graphTableParameters(table),
        options,
      }),
    getGraphMeasure: (table, measure, query = {}, options = {}) => {
      const sent = Object.entries(query).map(([name, value]) => [name, String(value)])
      const call = {
        id: 'getGraphMeasure',
        parameters: { ...graphTableParameters(table), measure },
        query: Object.fromEntries(sent),
        options,
      } as const
      return callForLargeReply(transport, call, { rows: 'array' })
    },
    takeGraphMeasure: async (table, measure, json = {}, options = {}) => {
      const parameters = { ...graphTableParameters(table), measure }
      const call = { id: 'takeGraphMeasure', parameters, json, options } as const
      const { onProgress } = options
      if (onProgress === undefined) return callForLargeReply(transport, call, { rows: 'array' })
      const headers = { accept: 'application/x-ndjson' }
      return lastLine(await transport.send({ ...call, headers }), { ...options, onProgress })
    },
  }
}

async function lastLine(
  response: Response,
  { onProgress, signal }: GraphMeasureOptions,
): Promise<GraphMeasureReply> {
  for await (const line of ndjsonRows(toSqlStream('ndjson', response, signal))) {
    const { progress, result, error } = line
    if (error !== undefined) throw fromErrorBody(500, line)
    if (result !== undefined) return graphMeasureReply.parse(result)
    onProgress?.(graphMeasureProgress.parse(progress))
  }
  throw new HyperMeshError('upstream', 'the answer of the measure was cut off')
}
