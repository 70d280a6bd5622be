import {
  type ErrorCode,
  HyperMeshError,
  headers,
  type RouteContract,
  type RouteId,
  routePath,
  routes,
  stringifyJson,
} from '@hypermesh/contract'
import { toReplyError } from './error-reply.ts'
import { type FetchBody, isReplayable, toFetchBody, type UploadBody } from './upload-body.ts'

export type ClientFetch = (request: Request) => Response | Promise<Response>

export interface ClientOptions {
  /** Where the platform listens. */
  readonly url?: string | URL
  /** Used in place of the global `fetch`: a service in this process, a proxy, a test. */
  readonly fetch?: ClientFetch
  /** The API key, sent as a bearer token. */
  readonly key?: string
  /** Deadline of every call that names none of its own. */
  readonly timeoutMs?: number
  /** How often a safe call is tried again after a failure that may pass. */
  readonly retriesMax?: number
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number | undefined
  readonly requestId?: string | undefined
  readonly idempotencyKey?: string | undefined
}

export interface Call {
  readonly id: RouteId
  readonly parameters?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string | number | undefined>>
  readonly json?: unknown
  readonly body?: UploadBody
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly options?: CallOptions | undefined
}

const defaultUrl = 'http://127.0.0.1:3210'
const inProcessUrl = 'http://hypermesh.internal'

/** The client gives up a little later than the server, whose answer says more. */
const deadlineGraceMs = 2000
const retryDelayMs = 100
const retryDelayMsMax = 5000
const retryable: ReadonlySet<ErrorCode> = new Set(['rate_limited', 'unavailable', 'upstream'])

/** Routes that are safe to send twice though their method does not say so. */
const idempotentRoutes: ReadonlySet<RouteId> = new Set([
  'sql',
  'runSavedQuery',
  'appendFiles',
  'settleCommit',
  'cancelJob',
  'getPoints',
  'scrollPoints',
  'countPoints',
  'facetPoints',
  'searchVectors',
  'recommendVectors',
  'findHyperedges',
])

/** Sends calls: address, key, deadline, retries, and errors as `HyperMeshError`. */
export class Transport {
  readonly #options: ClientOptions
  readonly #baseUrl: string

  constructor(options: ClientOptions) {
    this.#options = options
    // Told here: the error of `fetch` would hold the key.
    if (options.key !== undefined && !/^[\x21-\x7e]+$/.test(options.key)) {
      const fault = options.key === '' ? 'is empty' : 'has a character that no key has'
      throw new HyperMeshError('invalid', `the API key ${fault}`)
    }
    const url = String(options.url ?? (options.fetch ? inProcessUrl : defaultUrl))
    this.#baseUrl = url.replace(/\/+$/, '')
  }

  /** Sends the call and returns its successful reply; throws `HyperMeshError` otherwise. */
  async send(call: Call): Promise<Response> {
    const retriesMax = isRepeatable(call) ? (this.#options.retriesMax ?? 2) : 0
    for (let attempt = 0; ; attempt += 1) {
      const outcome = await this.#attempt(call)
      if (!('error' in outcome)) return outcome.response
      if (attempt >= retriesMax || !retryable.has(outcome.error.code)) throw outcome.error
      await pause(retryDelay(attempt, outcome.retryAfter), call.options?.signal)
    }
  }

  async #attempt(
    call: Call,
  ): Promise<{ response: Response } | { error: HyperMeshError; retryAfter: string | null }> {
    const route: RouteContract = routes[call.id]
    const timeoutMs = call.options?.timeoutMs ?? this.#options.timeoutMs
    const deadline =
      timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs + deadlineGraceMs)
    const request = this.#request(call, { timeoutMs, signal: join(call.options?.signal, deadline) })
    let response: Response
    try {
      response = await (this.#options.fetch ?? fetch)(request)
    } catch (cause) {
      const error = this.#failure({ call, cause, deadline, write: route.method !== 'GET' })
      return { error, retryAfter: null }
    }
    // 304 is an answer to If-None-Match, which only some calls send.
    if (response.ok || response.status === 304) return { response }
    return { error: await toReplyError(response), retryAfter: response.headers.get('retry-after') }
  }

  #request(
    call: Call,
    { timeoutMs, signal }: { timeoutMs: number | undefined; signal: AbortSignal | undefined },
  ): Request {
    const route: RouteContract = routes[call.id]
    const { options } = call
    const sent: Record<string, string | undefined> = {
      authorization: this.#options.key === undefined ? undefined : `Bearer ${this.#options.key}`,
      'content-type': call.json === undefined ? undefined : 'application/json',
      [headers.timeoutMs]: timeoutMs === undefined ? undefined : String(timeoutMs),
      [headers.requestId]: options?.requestId,
      [headers.idempotencyKey]: options?.idempotencyKey,
      ...call.headers,
    }
    const body = requestBody(call)
    return new Request(`${this.#baseUrl}${routePath(call.id, call.parameters)}${search(call)}`, {
      method: route.method,
      headers: definedOnly(sent),
      ...(signal ? { signal } : {}),
      ...(body === undefined ? {} : { body, duplex: 'half' }),
    })
  }

  #failure(failed: {
    call: Call
    cause: unknown
    deadline: AbortSignal | undefined
    write: boolean
  }): HyperMeshError {
    const { call, cause, deadline, write } = failed
    const signal = call.options?.signal
    if (cause instanceof HyperMeshError) return cause
    if (signal?.aborted) {
      if (signal.reason instanceof HyperMeshError) return signal.reason
      return new HyperMeshError('cancelled', `${call.id} was cancelled`, { cause })
    }
    if (deadline?.aborted) {
      return new HyperMeshError('deadline', `no answer to ${call.id} in time`, { cause })
    }
    const code = connectionCode(cause)
    const neverSent = code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EAI_AGAIN'
    return new HyperMeshError(
      'unavailable',
      `cannot reach ${this.#baseUrl}${code === undefined ? '' : ` (${code})`}; is it running? start it with: hypermesh serve`,
      {
        cause,
        details: { url: this.#baseUrl, ...(code === undefined ? {} : { code }) },
        effect: write && !neverSent ? 'unknown' : 'none',
      },
    )
  }
}

function isRepeatable(call: Call): boolean {
  if (call.body !== undefined && !isReplayable(call.body)) return false
  const { method, path }: RouteContract = routes[call.id]
  // The catalog answers such a key once, however often it comes.
  const isKeyed = call.options?.idempotencyKey !== undefined && path.startsWith('/iceberg/')
  return method === 'GET' || method === 'HEAD' || idempotentRoutes.has(call.id) || isKeyed
}

function requestBody(call: Call): FetchBody | undefined {
  if (call.json !== undefined) return stringifyJson(call.json)
  return call.body === undefined ? undefined : toFetchBody(call.body)
}

function search(call: Call): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(call.query ?? {})) {
    if (value !== undefined) query.set(name, String(value))
  }
  return query.size === 0 ? '' : `?${query}`
}

function definedOnly(values: Readonly<Record<string, string | undefined>>): [string, string][] {
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  )
}

function join(
  signal: AbortSignal | undefined,
  deadline: AbortSignal | undefined,
): AbortSignal | undefined {
  if (signal && deadline) return AbortSignal.any([signal, deadline])
  return signal ?? deadline
}

/** `fetch` hides why a connection failed in the cause of its TypeError. */
function connectionCode(error: unknown): string | undefined {
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    const { code } = inner as { code?: unknown }
    if (typeof code === 'string') return code
  }
  return undefined
}

function retryDelay(attempt: number, retryAfter: string | null): number {
  const asked = Number(retryAfter ?? Number.NaN) * 1000
  const backoff = retryDelayMs * 2 ** attempt * (0.5 + jitter())
  return Math.min(Number.isFinite(asked) ? Math.max(asked, backoff) : backoff, retryDelayMsMax)
}

/** From 0 up to 1, so that clients that failed together do not return together. */
function jitter(): number {
  return (crypto.getRandomValues(new Uint16Array(1))[0] ?? 0) / 65_536
}

function pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer)
      reject(new HyperMeshError('cancelled', 'cancelled before a retry', { cause: signal?.reason }))
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, delayMs)
    if (signal?.aborted) onAbort()
    else signal?.addEventListener('abort', onAbort, { once: true })
  })
}
