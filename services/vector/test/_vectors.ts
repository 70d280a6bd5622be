import { HyperMeshError, type Limits, limits } from '@hypermesh/contract'
import {
  createLogger,
  defaultLimits,
  type Fetch,
  type Logger,
  Metrics,
  type Service,
  systemClock,
} from '@hypermesh/kit'
import { openDataDirectory } from '@hypermesh/object-store'
import { temporaryDirectory } from '@hypermesh/testing'
import { vector } from '../src/index.ts'

export interface OpenVectorsOptions {
  /** An existing one; it is kept. */
  readonly directory?: string
  readonly limits?: Partial<Limits>
  readonly settings?: Readonly<Record<string, unknown>>
  readonly logger?: Logger
  /** Where tables are read; without it nothing can be followed. */
  readonly upstreams?: Readonly<Record<'catalog' | 'query', Fetch>>
}

export interface OpenVectors extends AsyncDisposable {
  readonly directory: string
  readonly service: Service
  /** A raw request as a writer, unless the role is named. */
  send(method: string, path: string, call?: Call): Promise<Response>
  /** A JSON request; throws the error that it answers. */
  call<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<T>
}

export interface Call extends RequestInit {
  readonly role?: 'reader' | 'writer' | 'admin'
  readonly abort?: AbortController
}

/** The vector service through its fetch, on a directory of its own. */
export async function openVectors(options: OpenVectorsOptions = {}): Promise<OpenVectors> {
  const own = options.directory === undefined ? await temporaryDirectory() : undefined
  const directory = options.directory ?? own?.path ?? ''
  const data = await openDataDirectory(directory)
  const service = await vector.create(vector.config.parse(options.settings ?? {}), {
    logger: options.logger ?? createLogger('silent'),
    clock: systemClock,
    limits: options.limits === undefined ? defaultLimits : limits.parse(options.limits),
    paths: data,
    metrics: new Metrics(),
    upstreams: options.upstreams ?? { catalog: refuse, query: refuse },
    version: '0.0.0',
  })
  await service.ready?.()
  const send = async (method: string, path: string, call: Call = {}) => {
    const { role = 'writer', abort = new AbortController(), ...init } = call
    const request = new Request(`http://vector/v1/vectors${path}`, { ...init, method })
    return service.fetch(request, {
      principal: { keyId: 'k', name: 'tester', role },
      signal: abort.signal,
      requestId: 'request-1',
    })
  }
  return {
    directory,
    service,
    send,
    call: async <T>(method: string, path: string, body?: unknown) => {
      const init = { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
      const response = await send(method, path, body === undefined ? {} : init)
      if (response.status === 204) return undefined as T
      const reply = (await response.json()) as { error?: { code: 'invalid'; message: string } }
      if (response.ok) return reply as T
      const { code, message, ...details } = reply.error ?? { code: 'internal', message: '' }
      throw new HyperMeshError(code, message, details)
    },
    [Symbol.asyncDispose]: async () => {
      await service[Symbol.asyncDispose]()
      await data[Symbol.asyncDispose]()
      await own?.[Symbol.asyncDispose]()
    },
  }
}

const refuse = () => {
  throw new HyperMeshError('unavailable', 'there is no such service here')
}

/** Random numbers that repeat with their seed: mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

export function randomVector(random: () => number, dimension: number): number[] {
  return Array.from({ length: dimension }, () => random() * 2 - 1)
}
