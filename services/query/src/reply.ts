import { HyperMeshError, headers, type ResultFormat, resultMediaTypes } from '@hypermesh/contract'
import { pieceMemory, wholeResponse } from '@hypermesh/kit'
import type { RunningResult } from './running-result.ts'

/** The response whose body is the result. It owns the result and closes it, at the latest with its body. */
export async function toResponse(format: ResultFormat, result: RunningResult): Promise<Response> {
  const headers = { 'content-type': mediaType(format), ...factHeaders(result) }
  const { whole } = result.body
  if (whole === undefined) {
    const pieces = format === 'json' ? jsonReply(result) : streamReply(result)
    return new Response(toBody(pieces, result), { headers })
  }
  const body = Buffer.concat(
    format === 'json' ? [jsonStart(result), ...whole, jsonEnd(result)] : whole,
  )
  for (const piece of whole) pieceMemory.giveBack(piece)
  await result[Symbol.asyncDispose]()
  return wholeResponse(body, { headers })
}

function mediaType(format: ResultFormat): string {
  const type = resultMediaTypes[format]
  return format === 'csv' ? `${type}; charset=utf-8; header=present` : type
}

function factHeaders(result: RunningResult): Record<string, string> {
  const { queryId, facts, body, elapsedMs, paging } = result
  const { totals } = body
  return {
    [headers.queryId]: queryId,
    [headers.snapshots]: JSON.stringify(facts.snapshots),
    [headers.filesPlanned]: String(facts.filesPlanned),
    [headers.filesPruned]: String(facts.filesPruned),
    [headers.bytesPlanned]: String(facts.bytesPlanned),
    [headers.bytesPruned]: String(facts.bytesPruned),
    [headers.deleteFiles]: String(facts.deleteFiles),
    [headers.elapsedMs]: String(elapsedMs()),
    ...(totals === undefined
      ? {}
      : {
          [headers.rows]: String(totals.rowCount),
          [headers.truncated]: totals.truncated ?? 'none',
        }),
    ...(paging === undefined ? {} : { [headers.totalRows]: String(paging.totalRows) }),
    ...(paging?.next ? { [headers.next]: paging.next } : {}),
  }
}

async function* jsonReply(result: RunningResult): AsyncGenerator<Uint8Array, void, undefined> {
  yield jsonStart(result)
  yield* result.body.bytes()
  yield jsonEnd(result)
}

function jsonStart(result: RunningResult): Buffer {
  const columns = result.columns.map(({ name, type }) => ({ name, type }))
  return Buffer.from(`{"columns":${JSON.stringify(columns)},"rows":[`)
}

function jsonEnd(result: RunningResult): Buffer {
  const { rowCount, truncated } = result.body.totals ?? { rowCount: 0, truncated: null }
  const { queryId, paging } = result
  const elapsedMs = result.elapsedMs()
  const facts = { queryId, rowCount, truncated, elapsedMs, ...paging, ...result.facts }
  return Buffer.from(`],${JSON.stringify(facts).slice(1)}`)
}

/** A reply that has begun cannot say that it was cut: it breaks off instead. */
async function* streamReply(result: RunningResult): AsyncGenerator<Uint8Array, void, undefined> {
  const statedBefore = result.body.totals !== undefined
  yield* result.body.bytes()
  const { truncated, rowCount } = result.body.totals ?? { truncated: null, rowCount: 0 }
  if (truncated === null || statedBefore) return
  throw new HyperMeshError('too_large', `the result reached its limit of ${truncated}`, {
    details: { truncated, rowCount },
  })
}

/** Pulled by the reader, closed at the end, at a failure and when the reader goes away. */
function toBody(
  pieces: AsyncGenerator<Uint8Array, void, undefined>,
  result: Pick<RunningResult, 'signal' | typeof Symbol.asyncDispose>,
): ReadableStream<Uint8Array> {
  let closing: Promise<void> | undefined
  let onAbort = () => {}
  const close = () => {
    result.signal.removeEventListener('abort', onAbort)
    closing ??= Promise.resolve(result[Symbol.asyncDispose]())
    return closing
  }
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        // A reader that stalls must not hold its place past the deadline.
        onAbort = () => {
          controller.error(result.signal.reason)
          close().catch(() => undefined)
        }
        if (result.signal.aborted) onAbort()
        else result.signal.addEventListener('abort', onAbort, { once: true })
      },
      async pull(controller) {
        try {
          const next = await pieces.next()
          if (!next.done) return controller.enqueue(next.value)
          await close()
          controller.close()
        } catch (error) {
          await close()
          controller.error(error)
        }
      },
      cancel: close,
    },
    { highWaterMark: 0 },
  )
}
