import {
  HyperMeshError,
  type Limits,
  limits,
  type Role,
  type ServiceName,
} from '@hypermesh/contract'
import {
  createLogger,
  defaultLimits,
  type Fetch,
  type Logger,
  Metrics,
  type Service,
  type ServiceDefinition,
  systemClock,
} from '@hypermesh/kit'
import { openDataDirectory } from '@hypermesh/object-store'
import { temporaryDirectory } from './conformance/object-store.ts'

export interface OpenServiceOptions<Peer extends ServiceName> {
  /** An existing one; it is kept. */
  readonly directory?: string
  readonly limits?: Partial<Limits>
  readonly settings?: Readonly<Record<string, unknown>>
  readonly logger?: Logger
  /** Without them each peer is unavailable. */
  readonly upstreams?: Readonly<Record<Peer, Fetch>>
}

export interface OpenService extends AsyncDisposable {
  readonly directory: string
  readonly service: Service
  /** A raw request, by the role of the opened service unless another is named. */
  send(method: string, path: string, call?: Call): Promise<Response>
  /** A JSON request; throws the error that it answers. */
  call<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<T>
}

export interface Call extends RequestInit {
  readonly role?: Role
  readonly abort?: AbortController
}

/** What is asked of it: under which path, and as whom. */
export interface Caller {
  readonly under: string
  readonly as: Role
}

/** One service through its fetch, on a directory of its own. */
export async function openService<
  Config,
  Needs extends ServiceName = never,
  Asks extends ServiceName = never,
>(
  definition: ServiceDefinition<Config, Needs, Asks>,
  caller: Caller,
  options: OpenServiceOptions<Needs | Asks> = {},
): Promise<OpenService> {
  const own = options.directory === undefined ? await temporaryDirectory() : undefined
  const directory = options.directory ?? own?.path ?? ''
  const data = await openDataDirectory(directory)
  const service = await definition.create(definition.config.parse(options.settings ?? {}), {
    logger: options.logger ?? createLogger('silent'),
    clock: systemClock,
    limits: options.limits === undefined ? defaultLimits : limits.parse(options.limits),
    paths: data,
    metrics: new Metrics(),
    upstreams: options.upstreams ?? noPeers(definition),
    version: '0.0.0',
  })
  await service.ready?.()
  await data.removeAbandoned()
  const send = async (method: string, path: string, call: Call = {}) => {
    const { role = caller.as, abort = new AbortController(), ...init } = call
    const url = `http://${definition.name}${caller.under}${path}`
    return service.fetch(new Request(url, { ...init, method }), {
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
      return (await replyOf(response)) as T
    },
    [Symbol.asyncDispose]: async () => {
      await service[Symbol.asyncDispose]()
      await data[Symbol.asyncDispose]()
      await own?.[Symbol.asyncDispose]()
    },
  }
}

async function replyOf(response: Response): Promise<unknown> {
  if (response.status === 204) return undefined
  const reply = (await response.json()) as { error?: { code: 'invalid'; message: string } }
  if (response.ok) return reply
  const { code, message, ...details } = reply.error ?? { code: 'internal', message: '' }
  throw new HyperMeshError(code, message, details)
}

function noPeers<Config, Needs extends ServiceName, Asks extends ServiceName>({
  needs,
  asks = [],
}: ServiceDefinition<Config, Needs, Asks>): Readonly<Record<Needs | Asks, Fetch>> {
  const peers = [...needs, ...asks].map((name) => [name, refuse] as const)
  // Each of the names is there.
  return Object.fromEntries(peers) as Record<Needs | Asks, Fetch>
}

const refuse: Fetch = () => {
  throw new HyperMeshError('unavailable', 'there is no such service here')
}
