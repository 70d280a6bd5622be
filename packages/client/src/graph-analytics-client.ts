import type {
  GraphMeasureProgress,
  GraphMeasureReply,
  GraphMeasureRequest,
  GraphMeasures,
} from '@hypermesh/contract'
import type { GraphTableReference } from './graph-client.ts'
import type { CallOptions } from './transport.ts'

export interface GraphMeasureOptions extends CallOptions {
  /** Hears how far the measure is. */
  readonly onProgress?: (progress: GraphMeasureProgress) => void
}

/** Measures of hyperedge tables. */
export interface GraphAnalyticsClient {
  /** What there is to measure, what defines it, and what it takes. */
  listGraphMeasures(table: GraphTableReference, options?: CallOptions): Promise<GraphMeasures>
  /**
   * A measure of a table, or of the part of it that the request says.
   *
   * @example await client.takeGraphMeasure('social.calls', 'pagerank', { from: '2024-01-01', limit: 10 })
   */
  takeGraphMeasure(
    table: GraphTableReference,
    measure: string,
    request?: GraphMeasureRequest,
    options?: GraphMeasureOptions,
  ): Promise<GraphMeasureReply>
  /** The same in a query string, where what is no part of the window is an option of the measure. */
  getGraphMeasure(
    table: GraphTableReference,
    measure: string,
    query?: Readonly<Record<string, string | number | boolean>>,
    options?: CallOptions,
  ): Promise<GraphMeasureReply>
}
