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
import { graph } from '../src/index.ts'

export interface OpenGraphOptions {
  /** An existing one; it is kept. */
  readonly directory?: string
  readonly limits?: Partial<Limits>
  readonly settings?: Readonly<Record<string, unknown>>
  readonly logger?: Logger
  readonly upstreams?: Readonly<Record<'catalog' | 'query' | 'ingest' | 'vector', Fetch>>
}

export interface OpenGraph extends AsyncDisposable {
  readonly directory: string
  readonly service: Service
  /** A raw request as an admin, unless the role is named. */
  send(method: string, path: string, call?: Call): Promise<Response>
  /** A JSON request; throws the error that it answers. */
  call<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<T>
}

export interface Call extends RequestInit {
  readonly role?: 'reader' | 'writer' | 'admin'
  readonly abort?: AbortController
}

/** The graph service through its fetch, on a directory of its own. */
export async function openGraph(options: OpenGraphOptions = {}): Promise<OpenGraph> {
  const own = options.directory === undefined ? await temporaryDirectory() : undefined
  const directory = options.directory ?? own?.path ?? ''
  const data = await openDataDirectory(directory)
  const service = await graph.create(graph.config.parse(options.settings ?? {}), {
    logger: options.logger ?? createLogger('silent'),
    clock: systemClock,
    limits: options.limits === undefined ? defaultLimits : limits.parse(options.limits),
    paths: data,
    metrics: new Metrics(),
    upstreams: options.upstreams ?? {
      catalog: refuse,
      query: refuse,
      ingest: refuse,
      vector: refuse,
    },
    version: '0.0.0',
  })
  await service.ready?.()
  await data.removeAbandoned()
  const send = async (method: string, path: string, call: Call = {}) => {
    const { role = 'admin', abort = new AbortController(), ...init } = call
    const request = new Request(`http://graph/v1/graph${path}`, { ...init, method })
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
