import {
  type createVectorIndexRequest,
  HyperMeshError,
  type VectorEmbedding,
  type VectorPoint,
  type VectorPointId,
} from '@hypermesh/contract'
import type { z } from 'zod'
import type { IndexDefinition, IndexParameters } from '../index-definition.ts'
import { type PointBatch, shownId } from '../point-batch.ts'
import { copyVector } from '../vector-values.ts'
import type { EmbeddingProvider } from './embedding-provider.ts'
import type { EmbeddingProviders } from './embedding-providers.ts'
import { textsOf } from './text-fields.ts'

/** Looks up what a new index is to record of its embedding; its field is text, declared or not. */
export async function resolveEmbedding(
  { embedding, ...request }: z.output<typeof createVectorIndexRequest>,
  providers: EmbeddingProviders,
): Promise<IndexParameters> {
  const { dimension, fields } = request
  if (embedding === undefined) {
    if (dimension !== undefined) return { ...request, dimension }
    throw new HyperMeshError('invalid', 'say the dimension of the vectors, or an embedding')
  }
  const { field, model } = embedding
  const provider = await providers.get(embedding.provider)
  const type = fields[field] ?? 'text'
  if (type !== 'text') {
    throw new HyperMeshError('invalid', `the field of an embedding is text; ${field} is ${type}`)
  }
  assertSame(provider, { model: model ?? provider.model, dimension })
  return {
    ...request,
    dimension: provider.dimension,
    fields: { ...fields, [field]: type },
    embedding: { provider: provider.name, model: provider.model, field },
  }
}

/**
 * Gives points without a vector that of their text. Checked before: everything else of them. A point
 * that brings no text keeps what it has.
 */
export async function embedPoints(
  points: readonly VectorPoint[],
  batch: PointBatch,
  terms: {
    readonly definition: IndexDefinition
    readonly providers: EmbeddingProviders
    readonly signal: AbortSignal
  },
): Promise<PointBatch> {
  const { definition, providers, signal } = terms
  const { embedding, dimension } = definition
  if (embedding === undefined) return batch
  const texts = new Map<number, string>()
  for (const position of batch.withoutVector) {
    const text = textOf(points[position]?.metadata, embedding)
    if (text !== undefined) texts.set(position, text)
  }
  if (texts.size === 0) return batch
  const provider = await providerOf(definition, providers)
  const positions = [...texts.keys()]
  const rows = await provider.embed([...texts.values()], signal).catch((error: unknown) => {
    throw withPointId(error, (text) => batch.ids[positions[text] ?? -1])
  })
  for (const [row, position] of positions.entries()) {
    const what = () => `the embedding of point ${shownId(batch.ids[position] ?? '')}`
    const source = rows.subarray(row * dimension, (row + 1) * dimension)
    copyVector(source, definition, { target: batch.vectors, at: position * dimension, what })
  }
  const withoutVector = batch.withoutVector.filter((position) => !texts.has(position))
  return { ...batch, withoutVector }
}

/** A provider knows a text that it cannot take by its place alone. */
function withPointId(error: unknown, idOf: (text: number) => VectorPointId | undefined): unknown {
  if (!(error instanceof HyperMeshError) || error.code !== 'invalid') return error
  const id = idOf(Number(error.details?.text))
  if (id === undefined) return error
  return new HyperMeshError('invalid', `the text of point ${shownId(id)} has no word to embed`, {
    details: { id },
    cause: error,
  })
}

/** The vectors of texts to search for, one behind the other. */
export async function embedQueries(
  texts: readonly string[],
  terms: {
    readonly definition: IndexDefinition
    readonly providers: EmbeddingProviders
    readonly signal: AbortSignal
  },
): Promise<Float32Array> {
  const provider = await providerOf(terms.definition, terms.providers)
  return provider.embed(texts, terms.signal)
}

/**
 * The provider of an index, if it still is what filled it: vectors of two models have nothing in
 * common, so a search over both would answer without sense.
 */
async function providerOf(
  { index, embedding, dimension }: IndexDefinition,
  providers: EmbeddingProviders,
): Promise<EmbeddingProvider> {
  if (embedding === undefined) {
    throw new HyperMeshError(
      'invalid',
      `the index ${index} has no embedding; search by a vector, or in mode bm25`,
    )
  }
  const provider = await providers.get(embedding.provider)
  assertSame(provider, { model: embedding.model, dimension })
  return provider
}

function assertSame(
  { name, model, dimension }: EmbeddingProvider,
  wanted: { readonly model: string; readonly dimension: number | undefined },
): void {
  if (model === wanted.model && dimension === (wanted.dimension ?? dimension)) return
  throw new HyperMeshError(
    'type_mismatch',
    `the embedding ${name} is ${model} of dimension ${dimension}; the index is of ${wanted.model}, ${wanted.dimension ?? dimension}`,
    { details: { provider: name, configured: { model, dimension }, index: wanted } },
  )
}

function textOf(metadata: VectorPoint['metadata'], { field }: VectorEmbedding): string | undefined {
  const texts = metadata === undefined ? [] : (textsOf(metadata, [field])[field] ?? [])
  return texts.length === 0 ? undefined : texts.join('\n')
}
