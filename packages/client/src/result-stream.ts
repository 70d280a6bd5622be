import {
  HyperMeshError,
  headers,
  parseJson,
  type ResultFormat,
  type ScanFacts,
  type Truncation,
} from '@hypermesh/contract'

/** A result as bytes. What the server measured stands in `facts`; absent means not known yet. */
export interface SqlStream {
  readonly format: ResultFormat
  readonly body: ReadableStream<Uint8Array>
  readonly facts: StreamFacts
}

export interface StreamFacts extends Partial<ScanFacts> {
  /** Names the statement while it runs. */
  readonly queryId?: string
  /** Rows in the whole result; known only when it was short enough to be held back. */
  readonly rowCount?: number
  /** Which limit cut the result; null: none did. A stream that grows too long is aborted instead. */
  readonly truncated?: Truncation | null
  readonly elapsedMs?: number
  /** Where the next page is; absent after the last. */
  readonly next?: string
  readonly totalRows?: number
}

export function toSqlStream(
  format: ResultFormat,
  response: Response,
  signal: AbortSignal | undefined,
): SqlStream {
  const facts = readFacts(response.headers)
  return { format, body: withTypedErrors(response.body, signal), facts }
}

/** The same bytes; a connection that breaks in the middle fails as `HyperMeshError`. */
function withTypedErrors(
  body: ReadableStream<Uint8Array> | null,
  signal: AbortSignal | undefined,
): ReadableStream<Uint8Array> {
  if (body === null) return new ReadableStream({ start: (controller) => controller.close() })
  const reader = body.getReader()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read()
          if (done) controller.close()
          else controller.enqueue(value)
        } catch (cause) {
          controller.error(toStreamError(cause, signal))
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}

function toStreamError(cause: unknown, signal: AbortSignal | undefined): HyperMeshError {
  if (cause instanceof HyperMeshError) return cause
  if (!signal?.aborted) return cutOff(undefined, cause)
  if (signal.reason instanceof HyperMeshError) return signal.reason
  return new HyperMeshError('cancelled', 'reading the result was cancelled', { cause })
}

/** The objects of an NDJSON result, one at a time; throws `upstream` when the result was cut off. */
export async function* ndjsonRows(
  stream: SqlStream,
): AsyncGenerator<Record<string, unknown>, void, undefined> {
  let count = 0
  for await (const line of lines(stream.body)) {
    yield JSON.parse(line) as Record<string, unknown>
    count += 1
  }
  const { rowCount } = stream.facts
  if (rowCount !== undefined && rowCount !== count) throw cutOff(count)
}

async function* lines(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const reader = body.getReader()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true })
      const complete = rest.split('\n')
      rest = complete.pop() ?? ''
      yield* complete
      if (done) break
    }
    // Every row ends with a line feed, so anything left over is half a row.
    if (rest !== '') throw cutOff(undefined)
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

function cutOff(rows: number | undefined, cause?: unknown): HyperMeshError {
  return new HyperMeshError(
    'upstream',
    `the result was cut off${rows === undefined ? '' : ` after ${rows} rows`}: it grew past a limit or its deadline, and the server log says which; ask for less, or allow more time`,
    cause === undefined ? {} : { cause },
  )
}

function readFacts(from: Headers): StreamFacts {
  const number = (name: string) => {
    const text = from.get(name)
    return text === null ? undefined : Number(text)
  }
  const snapshots = from.get(headers.snapshots)
  const truncated = from.get(headers.truncated)
  const facts = {
    queryId: from.get(headers.queryId) ?? undefined,
    rowCount: number(headers.rows),
    elapsedMs: number(headers.elapsedMs),
    filesPlanned: number(headers.filesPlanned),
    filesPruned: number(headers.filesPruned),
    bytesPlanned: number(headers.bytesPlanned),
    bytesPruned: number(headers.bytesPruned),
    deleteFiles: number(headers.deleteFiles),
    next: from.get(headers.next) ?? undefined,
    totalRows: number(headers.totalRows),
    snapshots: snapshots === null ? undefined : (parseJson(snapshots) as ScanFacts['snapshots']),
    truncated: toTruncation(truncated),
  }
  // Absent stays absent: exactOptionalPropertyTypes tells it from undefined.
  return Object.fromEntries(
    Object.entries(facts).filter(([, value]) => value !== undefined),
  ) as StreamFacts
}

function toTruncation(text: string | null): Truncation | null | undefined {
  if (text === null) return undefined
  return text === 'rows' || text === 'bytes' ? text : null
}
