/** Makes vectors of texts. An index records model and dimension of the one it was filled by. */
export interface EmbeddingProvider {
  /** As indexes and the configuration call it. */
  readonly name: string
  readonly model: string
  readonly dimension: number
  /** One row of `dimension` finite numbers a text, in their order; all or an error. */
  embed(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array>
}
