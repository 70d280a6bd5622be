import { randomBytes } from 'node:crypto'
import {
  type createVectorIndexRequest,
  HyperMeshError,
  type Limits,
  type VectorEmbedding,
  type VectorMetric,
  type VectorStorage,
  vectorEmbedding,
  vectorFields,
  vectorMetrics,
  vectorStorages,
} from '@hypermesh/contract'
import { z } from 'zod'
import { damaged } from './framed-file.ts'

const parameters = {
  dimension: z.number().int().min(1),
  metric: z.enum(vectorMetrics),
  storage: z.enum(vectorStorages),
  m: z.number().int(),
  efConstruction: z.number().int(),
  fields: vectorFields,
  embedding: vectorEmbedding.optional(),
}

const definition = z.object({
  index: z.string(),
  indexId: z.string().regex(/^[0-9a-f]{32}$/),
  createdAt: z.string(),
  ...parameters,
})

/** What an index is, as its file has it. */
export type IndexDefinition = z.infer<typeof definition>

type CreateRequest = z.output<typeof createVectorIndexRequest>

/** A request to create an index, once it is known what its embedding is. */
export interface IndexParameters extends Omit<CreateRequest, 'dimension' | 'embedding'> {
  readonly dimension: number
  readonly embedding?: VectorEmbedding | undefined
}

export function defineIndex(
  index: string,
  request: IndexParameters,
  { limits, nowMs }: { limits: Limits; nowMs: number },
): IndexDefinition {
  if (request.dimension > limits.vectorDimensionMax) {
    throw new HyperMeshError(
      'too_large',
      `a vector has at most ${limits.vectorDimensionMax} numbers`,
      {
        details: { limit: 'vector_dimension_max', countMax: limits.vectorDimensionMax },
      },
    )
  }
  const fieldCount = Object.keys(request.fields).length
  if (fieldCount > limits.vectorFieldsMax) {
    throw new HyperMeshError('too_large', `an index has at most ${limits.vectorFieldsMax} fields`, {
      details: { limit: 'vector_fields_max', countMax: limits.vectorFieldsMax },
    })
  }
  return {
    ...request,
    index,
    indexId: randomBytes(16).toString('hex'),
    createdAt: new Date(nowMs).toISOString(),
    storage: request.storage ?? usualStorage(request.metric),
  }
}

/** Half precision loses nothing that cosine tells; of other metrics nobody knows how large values are. */
function usualStorage(metric: VectorMetric): VectorStorage {
  return metric === 'cosine' ? 'f16' : 'f32'
}

export function haveSameParameters(one: IndexDefinition, other: IndexDefinition): boolean {
  const names = ['dimension', 'metric', 'storage', 'm', 'efConstruction'] as const
  const restOf = ({ fields, embedding }: IndexDefinition) =>
    JSON.stringify([Object.entries(fields).sort(), Object.entries(embedding ?? {}).sort()])
  return names.every((name) => one[name] === other[name]) && restOf(one) === restOf(other)
}

export function parseDefinition(envelope: unknown): IndexDefinition {
  const parsed = definition.safeParse(envelope)
  if (parsed.success) return parsed.data
  throw damaged('its envelope says no index', parsed.error)
}
