import type { FindHyperedgesRequest, GraphNodeId } from '@hypermesh/contract'
import { microsText, type ScanFilter, type ScanValue } from '@hypermesh/duckdb'
import type { HyperedgeColumn } from './hyperedge-columns.ts'
import type { PushRoom } from './push-room.ts'
import { microsOf } from './scan-instants.ts'

type Where = Readonly<Record<string, unknown>>

/** What of a statement the graph service can be asked for. */
export interface PushedFilter {
  /** Microseconds. */
  from?: number
  to?: number
  members?: FindHyperedgesRequest['members']
  ids?: number[]
  keys?: string[]
  where?: Where
}

export interface PushTerms {
  readonly columns: readonly HyperedgeColumn[]
  readonly room: PushRoom
  /** Columns of a membership, which are none of a hyperedge. */
  readonly membership?: { readonly node: string; readonly role: string }
}

/**
 * The part of a filter that the graph service understands: each row that the statement needs passes it.
 * What is left out costs rows that come in vain, nothing else.
 */
export function pushDown(filter: ScanFilter | undefined, terms: PushTerms): PushedFilter {
  if (filter === undefined) return {}
  const { columns, room, membership } = terms
  const parts = flatten(filter)
  const pushed: PushedFilter = {}
  const where: Where[] = []
  // First, as they find hyperedges; conditions are looked at.
  const members = membership && membersOf(parts, membership)
  if (members !== undefined && room.take(members, { terms: members.any.length })) {
    pushed.members = members
  }
  for (const part of parts) {
    if (takeNamed(part, pushed, terms)) continue
    const condition = toWhere(part, columns)
    if (condition !== undefined && room.take(condition, countsOf(condition))) where.push(condition)
  }
  const [first, ...more] = where
  if (first !== undefined) pushed.where = more.length === 0 ? first : { and: where }
  return pushed
}

/** What is no condition of WHERE but a part of the selection. */
function takeNamed(part: ScanFilter, pushed: PushedFilter, { columns, room }: PushTerms): boolean {
  const found = 'column' in part ? columns.find(({ name }) => name === part.column) : undefined
  if (found?.column === 'at') return takeTime(part, pushed)
  if (found?.column === 'id') return takeIds(part, pushed, room)
  return found?.column === 'key' && takeKeys(part, pushed, room)
}

function flatten(filter: ScanFilter): ScanFilter[] {
  return filter.op === 'and' ? filter.children.flatMap(flatten) : [filter]
}

/** The values that a column must have one of. */
function oneOf(part: ScanFilter): readonly ScanValue[] | undefined {
  if (part.op === '=') return [part.value]
  return part.op === 'in' ? part.values : undefined
}

function takeTime(part: ScanFilter, pushed: PushedFilter): boolean {
  const micros = 'value' in part ? microsOf(part.value) : undefined
  if (micros === undefined) return false
  const after = (from: number) => {
    pushed.from = Math.max(from, pushed.from ?? from)
  }
  const before = (to: number) => {
    pushed.to = Math.min(to, pushed.to ?? to)
  }
  if (part.op === '=' || part.op === '>=') after(micros)
  if (part.op === '>') after(micros + 1)
  if (part.op === '<') before(micros)
  if (part.op === '=' || part.op === '<=') before(micros + 1)
  return part.op !== '!='
}

function takeIds(part: ScanFilter, pushed: PushedFilter, room: PushRoom): boolean {
  const values = oneOf(part)?.map(({ text }) => Number(text)) ?? []
  const ids = values.filter((id) => Number.isSafeInteger(id) && id > 0)
  if (ids.length === 0 || pushed.ids !== undefined) return false
  if (!room.take(ids, { terms: ids.length })) return false
  pushed.ids = ids
  return true
}

function takeKeys(part: ScanFilter, pushed: PushedFilter, room: PushRoom): boolean {
  const values = oneOf(part)?.flatMap(({ text }) => (text === null ? [] : [text])) ?? []
  const keys = values.filter((key) => key !== '' && Buffer.byteLength(key) <= 255)
  if (keys.length === 0 || pushed.keys !== undefined) return false
  if (!room.take(keys, { terms: keys.length })) return false
  pushed.keys = keys
  return true
}

interface AnyMembers {
  readonly any: (GraphNodeId | { readonly node: GraphNodeId; readonly role: string })[]
}

/** Hyperedges with any of the nodes that are asked for, in the role where one is. */
function membersOf(
  parts: readonly ScanFilter[],
  { node, role }: NonNullable<PushTerms['membership']>,
): AnyMembers | undefined {
  const valuesOf = (column: string) =>
    parts
      .filter((part) => 'column' in part && part.column === column)
      .map(oneOf)
      .find((values) => values !== undefined)
  const nodes = valuesOf(node)?.flatMap(nodesOf) ?? []
  if (nodes.length === 0) return undefined
  const roles = valuesOf(role) ?? []
  const only = roles.length === 1 ? roles[0]?.text : null
  if (only === undefined || only === null || only === '') return { any: nodes }
  return { any: nodes.map((each) => ({ node: each, role: only })) }
}

/** Where nodes are texts in SQL, digits are those of a number or of a text: both are asked for. */
function nodesOf({ type, text }: ScanValue): GraphNodeId[] {
  if (text === null || text === '') return []
  const number = nodeNumber(text)
  const numbers = number === undefined ? [] : [number]
  return type === 'VARCHAR' ? [text, ...numbers] : numbers
}

const nodesEnd = 2n ** 64n

/** Digits as SQL has those of a node; beyond 2^53 as JSON holds them. */
function nodeNumber(digits: string): GraphNodeId | undefined {
  if (!/^(0|[1-9]\d{0,19})$/.test(digits) || BigInt(digits) >= nodesEnd) return undefined
  const number = Number(digits)
  return Number.isSafeInteger(number) ? number : { int: digits }
}

const operators: Readonly<Record<string, string>> = {
  ...{ '=': 'eq', '!=': 'ne', '<': 'lt', '<=': 'lte', '>': 'gt', '>=': 'gte' },
}

function toWhere(part: ScanFilter, columns: readonly HyperedgeColumn[]): Where | undefined {
  if (part.op === 'and' || part.op === 'or') {
    const children = part.children.map((child) => toWhere(child, columns))
    const known = children.filter((child) => child !== undefined)
    // One part of an OR that is not understood makes the whole unknown.
    if (known.length === 0 || (part.op === 'or' && known.length < children.length)) return undefined
    return { [part.op]: known }
  }
  if (!('column' in part)) return undefined
  const found = columns.find(({ name }) => name === part.column)
  if (found === undefined || found.type.endsWith('[]')) return undefined
  const { column } = found
  if (part.op === 'is-null') return { column, is_null: true }
  if (part.op === 'is-not-null') return { column, is_null: false }
  if (part.op === 'in') {
    const values = part.values.map(plainValue)
    if (values.includes(undefined)) return undefined
    return { column, in: values }
  }
  return 'value' in part && isCompared(found, part.op) ? comparison(column, part) : undefined
}

/** How many values a condition names, and of how many conditions it is made. */
function countsOf(condition: Where): { readonly terms: number; readonly parts: number } {
  let [terms, parts] = [0, 1]
  for (const [name, value] of Object.entries(condition)) {
    if (name === 'and' || name === 'or') {
      for (const part of value as readonly Where[]) {
        const counts = countsOf(part)
        terms += counts.terms
        parts += counts.parts
      }
    } else if (name !== 'column' && name !== 'is_null') {
      terms += Array.isArray(value) ? value.length : 1
    }
  }
  return { terms, parts }
}

/** Labels and truths have no order there. */
function isCompared({ column, type }: HyperedgeColumn, op: string): boolean {
  return op === '=' || op === '!=' || (column !== 'label' && type !== 'BOOLEAN')
}

function comparison(
  column: string,
  part: { readonly op: string; readonly value: ScanValue },
): Where | undefined {
  const value = plainValue(part.value)
  return value === undefined ? undefined : { column, [operators[part.op] ?? 'eq']: value }
}

function plainValue(value: ScanValue): string | number | boolean | undefined {
  const { type, text } = value
  if (text === null) return undefined
  if (type === 'VARCHAR') return text
  if (type === 'BOOLEAN') return text === 'true'
  if (type === 'TIMESTAMP WITH TIME ZONE') {
    const micros = microsOf(value)
    return micros === undefined ? undefined : microsText(micros)
  }
  const number = Number(text)
  const isExact = type === 'DOUBLE' ? Number.isFinite(number) : Number.isSafeInteger(number)
  return isExact ? number : undefined
}
