import type { ByteWriter } from './byte-writer.ts'
import { columnKinds } from './columns.ts'
import { invalid, quote } from './errors.ts'
import { type EncodeContext, type Filter, writeFilter, writeInstant } from './filter.ts'
import type { Instant } from './instants.ts'
import { assertFields } from './known-names.ts'
import { assertNodeId, type NodeId, writeNode } from './node-ids.ts'

/** A node, or a node in one role. */
export type MemberTerm = NodeId | { readonly node: NodeId; readonly role?: string }

/**
 * The members asked for: one; all, any or at least so many of some; or exactly these and no others.
 */
export type MembersFilter =
  | MemberTerm
  | { readonly all: readonly MemberTerm[] }
  | { readonly any: readonly MemberTerm[] }
  | { readonly atLeast: number; readonly of: readonly MemberTerm[] }
  | { readonly exactly: readonly MemberTerm[] }

/** Which hyperedges: all that is given must hold. */
export interface Selection {
  /** The earliest `at`, included. */
  readonly from?: Instant
  /** The end of the span of `at`, not included. */
  readonly to?: Instant
  /** Those that hold at this instant: `at <= validAt < until`. */
  readonly validAt?: Instant
  readonly members?: MembersFilter
  readonly ids?: readonly number[] | Float64Array
  readonly keys?: readonly string[]
  readonly where?: Filter
}

/** The higher halves of the ends of int64, which bound nothing. */
const earliestHigh = 0x8000_0000
const latestHigh = 0x7fff_ffff

/** `selection` of the wire. */
export function writeSelection(
  writer: ByteWriter,
  selection: Selection,
  context: EncodeContext,
): void {
  const { from, to, validAt, ids, keys, members, where } = selection
  const unit = context.timeUnit
  writer.u32(context.layout.id)
  // In halves, as a bigint takes a call.
  if (from === undefined) {
    writer.u32(0)
    writer.u32(earliestHigh)
  } else writeInstant(writer, from, unit, 'from')
  if (to === undefined) {
    writer.u32(0xffff_ffff)
    writer.u32(latestHigh)
  } else writeInstant(writer, to, unit, 'to')
  writer.u8(validAt === undefined ? 0 : 1)
  if (validAt !== undefined) writeInstant(writer, validAt, unit, 'validAt')
  writeIds(writer, ids)
  writeKeys(writer, keys)
  const arity = writeMembers(writer, members)
  if (where === undefined && arity === 0) {
    writer.u8(0)
    return
  }
  writer.u8(1)
  if (arity > 0) writeArityFilter(writer, arity, where === undefined ? 0 : 1)
  if (where !== undefined) writeFilter(writer, where, context)
}

/** A role or nothing. */
export function writeOptionalText(writer: ByteWriter, text: unknown, name: string): void {
  if (text === undefined) {
    writer.u8(0)
    return
  }
  if (typeof text !== 'string') throw invalid(`${name} must be a string, not ${quote(text)}`)
  writer.u8(1)
  writer.text(text)
}

/** Throws unless the value can be the id of a hyperedge. */
export function assertEdgeId(id: unknown): asserts id is number {
  if (typeof id === 'number' && Number.isSafeInteger(id) && id > 0) return
  throw invalid(`an id of a hyperedge is a whole number from 1 to 2^53 − 1, not ${quote(id)}`)
}

function writeIds(writer: ByteWriter, ids: Selection['ids']): void {
  if (ids === undefined) {
    writer.u32(0)
    return
  }
  if (!Array.isArray(ids) && !(ids instanceof Float64Array)) throw invalid('ids must be an array')
  if (ids.length === 0) throw invalid('ids is empty, which would select everything; leave it out')
  writer.u32(ids.length)
  for (const id of ids) {
    assertEdgeId(id)
    writer.int(id)
  }
}

function writeKeys(writer: ByteWriter, keys: unknown): void {
  if (keys === undefined) {
    writer.u32(0)
    return
  }
  if (!Array.isArray(keys)) throw invalid('keys must be an array')
  if (keys.length === 0) throw invalid('keys is empty, which would select everything; leave it out')
  writer.u32(keys.length)
  for (const key of keys) {
    if (typeof key !== 'string' || key === '') throw invalid(`a key is a string, not ${quote(key)}`)
    writer.text(key)
  }
}

function writeTerm(writer: ByteWriter, term: unknown): void {
  if (typeof term === 'object' && term !== null) {
    assertFields(term, 'a member')
    const { node, role } = term as { readonly node?: unknown; readonly role?: unknown }
    writeNode(writer, node)
    writeOptionalText(writer, role, 'role')
  } else {
    writeNode(writer, term)
    writer.u8(0)
  }
}

/** Returns how many members a hyperedge must have; 0: any number. */
function writeMembers(writer: ByteWriter, members: unknown): number {
  if (members === undefined) {
    writer.u32(0)
    writer.u32(1)
    return 0
  }
  if (typeof members !== 'object' || members === null || 'node' in members) {
    writer.u32(1)
    writeTerm(writer, members)
    writer.u32(1)
    return 0
  }
  const { terms, atLeast, exactly } = toTerms(members)
  writer.u32(terms.length)
  for (const term of terms) writeTerm(writer, term)
  writer.u32(atLeast)
  return exactly ? terms.length : 0
}

interface Terms {
  readonly terms: readonly unknown[]
  readonly atLeast: number
  readonly exactly: boolean
}

function toTerms(members: object): Terms {
  const { all, any, of, exactly, atLeast, ...others } = members as Record<string, unknown>
  const [given, ...more] = [all, any, of, exactly].filter((form) => form !== undefined)
  const isOneForm = more.length === 0 && Object.keys(others).length === 0
  if (!Array.isArray(given) || !isOneForm || (atLeast !== undefined && of === undefined)) {
    throw invalid(
      'members is a node, { all }, { any }, { atLeast, of } or { exactly }, one of them',
    )
  }
  if (given.length === 0) throw invalid('members names no node; leave it out to select all')
  const terms = distinctTerms(given, exactly !== undefined)
  if (any !== undefined) return { terms, atLeast: 1, exactly: false }
  if (of === undefined) {
    return { terms, atLeast: terms.length, exactly: exactly !== undefined }
  }
  if (!Number.isInteger(atLeast) || Number(atLeast) < 1 || Number(atLeast) > terms.length) {
    throw invalid(`members.atLeast must be 1 to ${terms.length}, not ${quote(atLeast)}`)
  }
  return { terms, atLeast: Number(atLeast), exactly: false }
}

/** Each term once: the core counts terms, and `exactly` compares their number with the arity. */
function distinctTerms(given: readonly unknown[], isExact: boolean): unknown[] {
  const terms = new Map<string, unknown>()
  const nodes = new Map<string, boolean>()
  for (const term of given) {
    const isObject = typeof term === 'object' && term !== null
    const { node, role } = (isObject ? term : { node: term }) as { node?: unknown; role?: unknown }
    assertNodeId(node)
    // 7 and 7n are one node, '7' is another.
    const name = typeof node === 'string' ? JSON.stringify(node) : String(node)
    const hasRole = role !== undefined
    if (isExact && nodes.get(name) === !hasRole) {
      throw invalid(`members.exactly has the node ${name} both with and without a role`)
    }
    nodes.set(name, hasRole)
    const identity = hasRole ? `${name} ${JSON.stringify(role)}` : name
    if (!terms.has(identity)) terms.set(identity, term)
  }
  return [...terms.values()]
}

function writeArityFilter(writer: ByteWriter, arity: number, others: number): void {
  if (others > 0) {
    writer.u8(2)
    writer.u32(1 + others)
  }
  writer.u8(1)
  writer.u8(columnKinds.arity)
  writer.u16(0)
  writer.u8(1)
  writer.u32(1)
  writer.u8(1)
  writer.int(arity)
}
