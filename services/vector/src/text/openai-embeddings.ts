import { setTimeout as pause } from 'node:timers/promises'
import { HyperMeshError, printable } from '@hypermesh/contract'
import { type Clock, createHttpFetch, type Secret } from '@hypermesh/kit'
import { z } from 'zod'
import type { EmbeddingProvider } from './embedding-provider.ts'

const retryMs = 250
/** A server that asks for a longer pause is told of rather than waited for. */
const retryMsMax = 30_000
/** Of one number as JSON, and of what stands around the numbers of a text. */
const numberBytesMax = 32
const envelopeBytesMax = 64 * 1024
const excerptLength = 200

const embeddings = z.object({
  data: z.array(
    z.object({ index: z.number().int().min(0).optional(), embedding: z.array(z.unknown()) }),
  ),
})
const failure = z.object({
  error: z.union([z.string(), z.object({ message: z.string() }).transform((e) => e.message)]),
})

export interface OpenAiEmbeddingsOptions {
  readonly name: string
  /** Of the API, up to its version: `/embeddings` is added. */
  readonly url: string
  readonly model: string
  readonly dimension: number
  readonly apiKey?: Secret | undefined
  readonly batchTexts: number
  /** Of one attempt. */
  readonly timeoutMs: number
  readonly attempts: number
  readonly clock: Clock
  /** Between attempts; a test looks at them. */
  readonly onPause?: ((ms: number) => void) | undefined
}

/** What an attempt came to where it did not succeed. */
class AttemptError extends Error {
  readonly isTransient: boolean
  readonly status: number | undefined
  readonly retryAfterMs: number | undefined

  constructor(
    message: string,
    facts: {
      readonly isTransient: boolean
      readonly status?: number
      readonly retryAfterMs?: number | undefined
      readonly cause?: unknown
    },
  ) {
    super(message, { cause: facts.cause })
    this.isTransient = facts.isTransient
    this.status = facts.status
    this.retryAfterMs = facts.retryAfterMs
  }
}

/** Any server with OpenAI's `POST /embeddings`. Whatever it does wrong is `upstream`, and no write. */
export class OpenAiEmbeddings implements EmbeddingProvider {
  readonly #options: OpenAiEmbeddingsOptions
  readonly #send = createHttpFetch()
  readonly #url: URL

  constructor(options: OpenAiEmbeddingsOptions) {
    this.#options = options
    this.#url = new URL(`${options.url.replace(/\/+$/, '')}/embeddings`)
  }

  get name(): string {
    return this.#options.name
  }

  get model(): string {
    return this.#options.model
  }

  get dimension(): number {
    return this.#options.dimension
  }

  async embed(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array> {
    const { batchTexts, dimension } = this.#options
    const rows = new Float32Array(texts.length * dimension)
    for (let from = 0; from < texts.length; from += batchTexts) {
      const batch = texts.slice(from, from + batchTexts)
      const target = rows.subarray(from * dimension, (from + batch.length) * dimension)
      await this.#embedBatch(batch, target, signal)
    }
    return rows
  }

  async #embedBatch(
    texts: readonly string[],
    target: Float32Array,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { attempts } = this.#options
    for (let attempt = 1; ; attempt += 1) {
      signal?.throwIfAborted()
      try {
        await this.#attempt(texts, target, signal)
        return
      } catch (error) {
        if (signal?.aborted) throw signal.reason
        if (!(error instanceof AttemptError)) throw error
        const waitMs = error.retryAfterMs ?? retryMs * 2 ** (attempt - 1)
        if (!error.isTransient || attempt >= attempts || waitMs > retryMsMax) {
          throw this.#toUpstream(error, attempt)
        }
        this.#options.onPause?.(waitMs)
        await pause(waitMs, undefined, { ref: false, ...(signal && { signal }) }).catch(() => {
          throw signal?.reason
        })
      }
    }
  }

  async #attempt(
    texts: readonly string[],
    target: Float32Array,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { model, apiKey, timeoutMs, dimension } = this.#options
    const body = Buffer.from(JSON.stringify({ model, input: texts }))
    const timeout = AbortSignal.timeout(timeoutMs)
    const bytesMax = texts.length * dimension * numberBytesMax + envelopeBytesMax
    const headers = {
      'content-type': 'application/json',
      'content-length': String(body.length),
      accept: 'application/json',
      ...(apiKey && { authorization: `Bearer ${apiKey.reveal()}` }),
    }
    const request = new Request(this.#url, {
      ...{ method: 'POST', body, headers },
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    })
    const { answer, text } = await this.#exchange(request, bytesMax).catch((cause) => {
      if (cause instanceof AttemptError) throw cause
      const what = timeout.aborted ? `did not answer in ${timeoutMs} ms` : 'cannot be reached'
      throw new AttemptError(what, { isTransient: true, cause })
    })
    if (!answer.ok) throw this.#refusal(answer, text)
    fillRows(text, texts.length, target)
  }

  async #exchange(
    request: Request,
    bytesMax: number,
  ): Promise<{ readonly answer: Response; readonly text: string }> {
    const answer = await this.#send(request)
    return { answer, text: await readText(answer, bytesMax) }
  }

  #refusal(answer: Response, text: string): AttemptError {
    const { status } = answer
    const said = messageOf(this.#withoutKey(text))
    return new AttemptError(`answered ${status}${said === '' ? '' : `: ${said}`}`, {
      isTransient: status === 429 || status >= 500,
      status,
      retryAfterMs: this.#retryAfterMsOf(answer.headers.get('retry-after')),
    })
  }

  /** Seconds, or a date. */
  #retryAfterMsOf(text: string | null): number | undefined {
    if (text === null) return undefined
    if (/^\d{1,9}$/.test(text.trim())) return Number(text) * 1000
    const atMs = Date.parse(text)
    return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - this.#options.clock.nowMs())
  }

  /** Some servers repeat the key that they refuse. */
  #withoutKey(text: string): string {
    const key = this.#options.apiKey?.reveal()
    return key === undefined || key === '' ? text : text.replaceAll(key, '***')
  }

  #toUpstream(error: AttemptError, attempts: number): HyperMeshError {
    const { name, model } = this.#options
    const times = attempts === 1 ? '' : ` (${attempts} attempts)`
    return new HyperMeshError('upstream', `embedding ${name} ${error.message}${times}`, {
      details: { provider: name, model, attempts, ...(error.status && { status: error.status }) },
      effect: 'none',
      cause: error,
    })
  }
}

async function readText(answer: Response, bytesMax: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.length
    // Leaving the loop gives the connection up.
    if (bytes > bytesMax) {
      throw new AttemptError(`answered more than ${bytesMax} bytes`, { isTransient: false })
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function fillRows(text: string, textCount: number, target: Float32Array): void {
  const { data } = parseAnswer(text)
  const dimension = target.length / textCount
  if (data.length !== textCount) {
    throw malformed(`has ${data.length} embeddings for ${textCount} texts`)
  }
  const seen = new Set<number>()
  for (const [position, { index = position, embedding }] of data.entries()) {
    if (index >= textCount || seen.has(index))
      throw malformed(`has no embedding or two of one text`)
    seen.add(index)
    if (embedding.length !== dimension) {
      throw malformed(
        `has ${embedding.length} numbers a text; the configured dimension is ${dimension}`,
      )
    }
    for (const [at, number] of embedding.entries()) {
      if (typeof number !== 'number' || !Number.isFinite(Math.fround(number))) {
        throw malformed('has something other than finite numbers')
      }
      target[index * dimension + at] = number
    }
  }
}

function parseAnswer(text: string): z.infer<typeof embeddings> {
  try {
    return embeddings.parse(JSON.parse(text))
  } catch (cause) {
    throw new AttemptError('answered something other than embeddings', {
      isTransient: false,
      cause,
    })
  }
}

function malformed(what: string): AttemptError {
  return new AttemptError(`gave an answer that ${what}`, { isTransient: false })
}

function messageOf(text: string): string {
  try {
    return printable(failure.parse(JSON.parse(text)).error.slice(0, excerptLength))
  } catch {
    return ''
  }
}
