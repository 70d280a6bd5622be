import type {
  CreateVectorIndexRequest,
  DeletePointsRequest,
  FacetPointsRequest,
  GetPointsRequest,
  RecommendVectorsRequest,
  ScrollPointsRequest,
  SearchVectorsRequest,
  StoredPoint,
  VectorFilter,
  VectorHit,
  VectorIndex,
  VectorPointId,
  VectorSnapshot,
  VectorSource,
  VectorSourceRequest,
  VectorStats,
  WritePointsReply,
  WritePointsRequest,
} from '@hypermesh/contract'
import type { Reply } from './client.ts'
import type { CallOptions } from './transport.ts'

/** How a search of numbers as bytes ranks. */
export type VectorBytesQuery = Pick<
  SearchVectorsRequest,
  'k' | 'ef' | 'filter' | 'scoreThreshold' | 'withVector' | 'withMetadata'
>

/** Vector indexes, their points, and searches in them. */
export interface VectorClient {
  listVectorIndexes(options?: CallOptions): Promise<Reply<'listVectorIndexes'>>
  /**
   * Creates an index; just the same again changes nothing.
   *
   * @example await client.createVectorIndex('docs', { dimension: 384, metric: 'cosine' })
   */
  createVectorIndex(
    index: string,
    request: CreateVectorIndexRequest,
    options?: CallOptions,
  ): Promise<VectorIndex>
  getVectorIndex(index: string, options?: CallOptions): Promise<VectorIndex>
  deleteVectorIndex(index: string, options?: CallOptions): Promise<void>
  vectorStats(index: string, options?: CallOptions): Promise<VectorStats>
  /** Frees what deleted and replaced points hold; else that is done when it is worth it. */
  compactVectors(index: string, options?: CallOptions): Promise<Reply<'compactVectors'>>

  /**
   * Writes all of the points or none of them.
   *
   * @example await client.writePoints('docs', { points: [{ id: 1, vector, metadata: { page: 3 } }] })
   */
  writePoints(
    index: string,
    request: WritePointsRequest,
    options?: CallOptions,
  ): Promise<WritePointsReply>
  /** The same without metadata, as bytes: several times quicker. The vectors stand one behind the other. */
  writePointBytes(
    index: string,
    points: { readonly ids: readonly number[]; readonly vectors: Float32Array },
    options?: CallOptions & { readonly mode?: 'upsert' | 'add' },
  ): Promise<WritePointsReply>
  deletePoints(
    index: string,
    request: DeletePointsRequest,
    options?: CallOptions,
  ): Promise<Reply<'deletePoints'>>
  getPoints(
    index: string,
    request: GetPointsRequest,
    options?: CallOptions,
  ): Promise<{ points: StoredPoint[] }>
  getPoint(
    index: string,
    id: VectorPointId,
    options?: CallOptions & { readonly withVector?: boolean; readonly withMetadata?: boolean },
  ): Promise<StoredPoint>
  scrollPoints(
    index: string,
    request?: ScrollPointsRequest,
    options?: CallOptions,
  ): Promise<Reply<'scrollPoints'>>
  countPoints(
    index: string,
    request?: { readonly filter?: VectorFilter },
    options?: CallOptions,
  ): Promise<{ count: number }>
  facetPoints(
    index: string,
    request: FacetPointsRequest,
    options?: CallOptions,
  ): Promise<Reply<'facetPoints'>>

  /**
   * The nearest points: `hits` of one `vector`, `groups` with `groupBy`, `results` of many `vectors`.
   *
   * @example const { hits } = await client.searchVectors('docs', { vector, k: 5, filter: { page: 3 } })
   */
  searchVectors(
    index: string,
    request: SearchVectorsRequest,
    options?: CallOptions,
  ): Promise<Reply<'searchVectors'>>
  /** Queries one behind the other, sent as bytes: the quickest way for many. */
  searchVectorBytes(
    index: string,
    queries: Float32Array,
    query?: VectorBytesQuery,
    options?: CallOptions,
  ): Promise<Reply<'searchVectors'>>
  recommendVectors(
    index: string,
    request: RecommendVectorsRequest,
    options?: CallOptions,
  ): Promise<{ hits: VectorHit[] }>

  /**
   * Makes the index what columns of a table are, and keeps it so.
   *
   * @example await client.putVectorSource('docs', { table: 'main.docs', key: 'id', vector: 'embedding' })
   */
  putVectorSource(
    index: string,
    request: VectorSourceRequest,
    options?: CallOptions,
  ): Promise<VectorSource>
  /** Which table the index follows, and how far it is behind. */
  getVectorSource(index: string, options?: CallOptions): Promise<VectorSource>
  deleteVectorSource(index: string, options?: CallOptions): Promise<void>
  /** Returns when the index is what the table was at the call. */
  syncVectorSource(index: string, options?: CallOptions): Promise<VectorSource>

  /** Writes the points of another index into this one; again changes nothing. */
  mergeVectors(
    index: string,
    request: { readonly from: string },
    options?: CallOptions,
  ): Promise<Reply<'mergeVectors'>>
  listVectorSnapshots(index: string, options?: CallOptions): Promise<Reply<'listVectorSnapshots'>>
  createVectorSnapshot(
    index: string,
    request?: { readonly snapshot?: string },
    options?: CallOptions,
  ): Promise<VectorSnapshot>
  deleteVectorSnapshot(index: string, snapshot: string, options?: CallOptions): Promise<void>
  restoreVectorIndex(
    index: string,
    request: { readonly snapshot: string; readonly from?: string },
    options?: CallOptions,
  ): Promise<VectorIndex>
}
