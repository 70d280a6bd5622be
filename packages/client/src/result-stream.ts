import {
  HyperMeshError,
  headers,
  type ResultFormat,
  type ScanFacts,
  type Truncation,
} from '@hypermesh/contract'
import { parseJson } from './lossless-json.ts'

/** A result as bytes. What the server measured stands in `facts`; absent means not known yet. */
export interface SqlStream {
  readonly format: ResultFormat
  readonly body: ReadableStream<Uint8Array>
  readonly facts: StreamFacts
}

export interface StreamFacts extends Partial<ScanFacts> {
  /** Rows in the whole result; known only when it was short enough to be held back. */
  readonly rowCount?: number
  /** Which limit cut the result; null: none did. A stream that grows too long is aborted instead. */
  readonly truncated?: Truncation | null
  readonly elapsedMs?: number
}

export function toSqlStream(format: ResultFormat, response: Response): SqlStream {
  const body = response.body ?? new ReadableStream({ start: (controller) => controller.close() })
  return { format, body, facts: readFacts(response.headers) }
}

/** The objects of an NDJSON result, one at a time; throws `upstream` when the result was cut off. */
export async function* ndjsonRows(
  stream: SqlStream,
): AsyncGenerator<Record<string, unknown>, void, undefined> {
  let count = 0
  for await (const line of lines(stream.body, () => count)) {
    yield JSON.parse(line) as Record<string, unknown>
    count += 1
  }
  const { rowCount } = stream.facts
  if (rowCount !== undefined && rowCount !== count) throw cutOff(count)
}

async function* lines(
  body: ReadableStream<Uint8Array>,
  count: () => number,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const reader = body.getReader()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw cause instanceof HyperMeshError ? cause : cutOff(count(), cause)
      })
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true })
      const complete = rest.split('\n')
      rest = complete.pop() ?? ''
      yield* complete
      if (done) break
    }
    // Every row ends with a line feed, so anything left over is half a row.
    if (rest !== '') throw cutOff(count())
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

function cutOff(count: number, cause?: unknown): HyperMeshError {
  return new HyperMeshError(
    'upstream',
    `the result was cut off after ${count} rows; the server log says why: ask for less with LIMIT, or for more time with timeoutMs`,
    { details: { rows: count }, cause },
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
    rowCount: number(headers.rows),
    elapsedMs: number(headers.elapsedMs),
    filesPlanned: number(headers.filesPlanned),
    filesPruned: number(headers.filesPruned),
    bytesPlanned: number(headers.bytesPlanned),
    bytesPruned: number(headers.bytesPruned),
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
