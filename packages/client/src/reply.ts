import {
  HyperMeshError,
  parseJson,
  type RouteContract,
  type RouteId,
  routes,
} from '@hypermesh/contract'
import type { Reply } from './client.ts'
import type { Call, Transport } from './transport.ts'

/** Sends the call and returns its JSON reply, checked against the contract. */
export async function callForReply<Id extends RouteId>(
  transport: Transport,
  call: Call & { readonly id: Id },
): Promise<Reply<Id>> {
  const { reply }: RouteContract = routes[call.id]
  const body = parseReply(call.id, (await transport.read(call)).text)
  if (reply === undefined || reply === 'bytes') throw new TypeError(`${call.id} replies no JSON`)
  const parsed = reply.safeParse(body)
  if (!parsed.success) throw unexpected(call.id, parsed.error.issues[0]?.path.join('.'))
  // The schema of this route made it.
  return parsed.data as Reply<Id>
}

/** Sends the call and returns the reply that says that it was accepted: a 202. */
export async function callForAccepted<Value>(
  transport: Transport,
  call: Call,
  reply: { safeParse(body: unknown): { success: true; data: Value } | { success: false } },
): Promise<Value> {
  const parsed = reply.safeParse(parseReply(call.id, (await transport.read(call)).text))
  if (!parsed.success) throw unexpected(call.id, undefined)
  return parsed.data
}

/**
 * Sends the call and returns its JSON reply with only its outermost fields checked: for replies
 * that are large, and were checked where they were made.
 */
export async function callForLargeReply<Id extends RouteId>(
  transport: Transport,
  call: Call & { readonly id: Id },
  fields: Readonly<Record<string, 'object' | 'array' | 'string'>>,
): Promise<Reply<Id>> {
  return toLargeReply(call.id, (await transport.read(call)).text, fields)
}

/** The same of a body that is there. */
export function toLargeReply<Id extends RouteId>(
  id: Id,
  text: string,
  fields: Readonly<Record<string, 'object' | 'array' | 'string'>>,
): Reply<Id> {
  const body = parseReply(id, text)
  for (const [name, kind] of Object.entries(fields)) {
    const value = (body as Record<string, unknown> | null)?.[name]
    const actual = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value
    if (actual !== kind) throw unexpected(id, name)
  }
  // Checked above as far as is promised.
  return body as Reply<Id>
}

/** Sends a call whose reply is only whether the thing is there. */
export async function callForPresence(transport: Transport, call: Call): Promise<boolean> {
  return (await callUnlessMissing(transport, call)) !== undefined
}

/** Sends the call; undefined when the thing asked for is not there. */
export async function callUnlessMissing(
  transport: Transport,
  call: Call,
): Promise<Response | undefined> {
  try {
    return await transport.send(call)
  } catch (error) {
    if (error instanceof HyperMeshError && error.code === 'not_found') return undefined
    throw error
  }
}

function parseReply(id: RouteId, text: string): unknown {
  try {
    return parseJson(text)
  } catch (cause) {
    throw new HyperMeshError('upstream', `the reply to ${id} is not JSON`, { cause })
  }
}

function unexpected(id: RouteId, path: string | undefined): HyperMeshError {
  return new HyperMeshError(
    'upstream',
    `the reply to ${id} is not what this client knows (${path || 'as a whole'}); are both of one version?`,
  )
}
