import type { ServerResponse } from 'node:http'
import { pieceMemory } from './piece-memory.ts'
import { fieldsOf, type WholeBody, wholeBodyOf } from './whole-response.ts'

type Chunk = Awaited<ReturnType<ReadableStreamDefaultReader<Uint8Array>['read']>>

/**
 * Writes a response with back-pressure. A body that fails breaks the connection, so that what came is
 * never taken for the whole; a body that is one chunk gets its length.
 */
export async function writeResponse(response: Response, outgoing: ServerResponse): Promise<void> {
  const whole = wholeBodyOf(response)
  const fields = fieldsOf(response)
  if (whole !== undefined && fields !== undefined) {
    const head: string[] = []
    for (const name in fields) head.push(name, fields[name] as string)
    head.push('content-length', String(Buffer.byteLength(whole)))
    outgoing.writeHead(response.status, head)
    endWith(whole, outgoing)
    return
  }
  copyHead(response, outgoing)
  if (whole !== undefined) {
    outgoing.setHeader('content-length', Buffer.byteLength(whole))
    endWith(whole, outgoing)
    return
  }
  if (response.body === null) {
    outgoing.end()
    return
  }
  const reader = response.body.getReader()
  const onClose = () => void reader.cancel().catch(() => undefined)
  outgoing.once('close', onClose)
  try {
    if (!outgoing.destroyed) await pump(reader, outgoing)
  } catch {
    outgoing.destroy()
  } finally {
    outgoing.off('close', onClose)
    await reader.cancel().catch(() => undefined)
  }
}

function endWith(whole: WholeBody, outgoing: ServerResponse): void {
  if (typeof whole === 'string') {
    outgoing.end(whole)
    return
  }
  writePiece(outgoing, whole)
  outgoing.end()
}

function copyHead(response: Response, outgoing: ServerResponse): void {
  outgoing.statusCode = response.status
  for (const [name, value] of response.headers) {
    if (name !== 'set-cookie') outgoing.setHeader(name, value)
  }
  const cookies = response.headers.getSetCookie()
  if (cookies.length > 0) outgoing.setHeader('set-cookie', cookies)
}

async function pump(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  outgoing: ServerResponse,
): Promise<void> {
  const first = await reader.read()
  const second = reader.read()
  second.catch(() => undefined)
  if (await isEnd(second)) {
    const bytes = first.value?.byteLength ?? 0
    if (!outgoing.hasHeader('content-length')) outgoing.setHeader('content-length', bytes)
  }
  for (let part: Chunk = first; !part.done; ) {
    if (!writePiece(outgoing, part.value)) await writable(outgoing)
    if (outgoing.destroyed) return
    part = part === first ? await second : await reader.read()
  }
  outgoing.end()
}

/** Nobody else has the piece, so its memory is free once the system has it; after a failure it may not be. */
function writePiece(outgoing: ServerResponse, piece: Uint8Array): boolean {
  return outgoing.write(piece, (error) => {
    if (!error) pieceMemory.giveBack(piece)
  })
}

// Asks without waiting for a body that streams slowly.
async function isEnd(read: Promise<Chunk>): Promise<boolean> {
  const soon = new Promise<false>((resolve) => setImmediate(() => resolve(false)))
  return (await Promise.race([read, soon]).then((part) => part !== false && part.done)) === true
}

function writable(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      outgoing.off('drain', settle)
      outgoing.off('close', settle)
      resolve()
    }
    outgoing.once('drain', settle)
    outgoing.once('close', settle)
    if (outgoing.destroyed) settle()
  })
}
