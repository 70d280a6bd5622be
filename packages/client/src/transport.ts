import {
  HyperMeshError,
  headers,
  type RouteContract,
  type RouteId,
  routePath,
  routes,
  stringifyJson,
} from '@hypermesh/contract'
import { toReplyError } from './error-reply.ts'
import { isRead, mayRepeat, pause, retryDelay } from './retries.ts'
import { type FetchBody, toFetchBody, type UploadBody } from './upload-body.ts'

export type ClientFetch = (request: Request) => Response | Promise<Response>

export interface ClientOptions {
  /** Where the platform listens. */
  readonly url?: string | URL
  /** Used in place of the global `fetch`: a service in this process, a proxy, a test. */
  readonly fetch?: ClientFetch
  /** The API key, sent as a bearer token. */
  readonly key?: string
  /** Deadline of every call that names none of its own, over all its attempts. */
  readonly timeoutMs?: number
  /** How often a call is tried again after a failure that may pass, where that is safe; 2 by default. */
  readonly retriesMax?: number
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number | undefined
  readonly requestId?: string | undefined
  /** Of a write: makes sending it again safe, for routes that keep what they answered to a key. */
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
/** One call over all its attempts: how long it may take, and who may end it. */
interface Attempts {
  readonly timeoutMs: number | undefined
  readonly startedAtMs: number
  readonly deadline: AbortSignal | undefined
  readonly signal: AbortSignal | undefined
}

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
  send(call: Call): Promise<Response> {
    return this.#repeat(call, async (response) => response)
  }

  /** The same with the whole body as text; one that ends early is asked for again, if it may be. */
  read(call: Call): Promise<{ readonly response: Response; readonly text: string }> {
    return this.#repeat(call, async (response) => ({ response, text: await response.text() }))
  }

  async #repeat<Reply>(call: Call, take: (response: Response) => Promise<Reply>): Promise<Reply> {
    const attempts = this.#begin(call)
    const retriesMax = this.#options.retriesMax ?? 2
    for (let attempt = 0; ; attempt += 1) {
      const outcome = await this.#attempt(call, attempts, take)
      if ('reply' in outcome) return outcome.reply
      const { error, retryAfter } = outcome
      if (attempt >= retriesMax || !mayRepeat(call, error)) throw error
      const delayMs = retryDelay(attempt, retryAfter)
      if (delayMs === undefined || delayMs >= timeLeft(attempts)) throw error
      await pause(delayMs, attempts.signal)
    }
  }

  #begin(call: Call): Attempts {
    const timeoutMs = call.options?.timeoutMs ?? this.#options.timeoutMs
    const deadline =
      timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs + deadlineGraceMs)
    const signal = join(call.options?.signal, deadline)
    return { timeoutMs, startedAtMs: performance.now(), deadline, signal }
  }

  async #attempt<Reply>(
    call: Call,
    attempts: Attempts,
    take: (response: Response) => Promise<Reply>,
  ): Promise<{ reply: Reply } | { error: HyperMeshError; retryAfter: string | null }> {
    const request = this.#request(call, attempts)
    let response: Response | undefined
    try {
      response = await (this.#options.fetch ?? fetch)(request)
      // 304 is an answer to If-None-Match, which only some calls send.
      if (response.ok || response.status === 304) return { reply: await take(response) }
      const retryAfter = response.headers.get('retry-after')
      return { error: await toReplyError(response), retryAfter }
    } catch (cause) {
      const answered = response !== undefined
      return { error: this.#failure({ call, cause, attempts, answered }), retryAfter: null }
    }
  }

  #request(call: Call, attempts: Attempts): Request {
    const route: RouteContract = routes[call.id]
    const { options } = call
    const { timeoutMs, signal } = attempts
    const sent: Record<string, string | undefined> = {
      authorization: this.#options.key === undefined ? undefined : `Bearer ${this.#options.key}`,
      'content-type': call.json === undefined ? undefined : 'application/json',
      [headers.timeoutMs]: timeoutMs === undefined ? undefined : String(timeLeft(attempts)),
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
    readonly call: Call
    readonly cause: unknown
    readonly attempts: Attempts
    /** The head of a success has come, so what the call does is done. */
    readonly answered: boolean
  }): HyperMeshError {
    const { call, cause, attempts, answered } = failed
    if (cause instanceof HyperMeshError) return cause
    const signal = call.options?.signal
    const effect = isRead(call) ? 'none' : answered ? 'committed' : 'unknown'
    if (signal?.aborted) {
      if (signal.reason instanceof HyperMeshError) return signal.reason
      return new HyperMeshError('cancelled', `${call.id} was cancelled`, { cause, effect })
    }
    if (attempts.deadline?.aborted) {
      return new HyperMeshError('deadline', `no answer to ${call.id} in time`, { cause, effect })
    }
    if (answered) {
      return new HyperMeshError('upstream', `the reply to ${call.id} ended early`, {
        cause,
        effect,
      })
    }
    const code = connectionCode(cause)
    const neverSent = code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EAI_AGAIN'
    return new HyperMeshError(
      'unavailable',
      `cannot reach ${this.#baseUrl}${code === undefined ? '' : ` (${code})`}; is it running? start it with: hypermesh serve`,
      {
        cause,
        details: { url: this.#baseUrl, ...(code === undefined ? {} : { code }) },
        effect: neverSent ? 'none' : effect,
      },
    )
  }
}

/** Whole milliseconds until the deadline, at least one; for ever without. */
function timeLeft({ timeoutMs, startedAtMs }: Attempts): number {
  if (timeoutMs === undefined) return Number.POSITIVE_INFINITY
  return Math.max(1, timeoutMs - Math.trunc(performance.now() - startedAtMs))
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
