import type { z } from 'zod'
import type { Role } from './principal.ts'

export const serviceNames = [
  'gateway',
  'storage',
  'catalog',
  'ingest',
  'query',
  'vector',
  'graph',
] as const
export type ServiceName = (typeof serviceNames)[number]

export interface RouteContract {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Hono's form: `:name` is one segment, `:name{.+}` the rest of the path. */
  readonly path: string
  readonly service: ServiceName
  /** `open` needs no key; `metrics` is open only as configured. */
  readonly access: Role | 'open' | 'metrics'
  readonly summary: string
  readonly query?: z.ZodObject
  /** `files`: a multipart/form-data of them. */
  readonly body?: z.ZodType | 'bytes' | 'files'
  /** The body is a form, not JSON. */
  readonly form?: true
  readonly reply?: z.ZodType | 'bytes'
  readonly status: number
  /** The reply of a 202, where the route can answer before its work is done. */
  readonly accepted?: z.ZodType
  /** Which limit bounds the time where the request names none. */
  readonly timeout?: 'ingestTimeoutMs'
}
