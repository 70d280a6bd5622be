import type { FindHyperedgesRequest, Limits } from '@hypermesh/contract'
import { microsText, type TableCall } from '@hypermesh/duckdb'
import { textArgument, wrongCall } from './call-arguments.ts'
import type { PushedFilter } from './hyperedge-filter.ts'
import { PushRoom } from './push-room.ts'
import { instantOfText } from './scan-instants.ts'

/** What a call may say beside its table; WHERE says the same and more. */
export const selectionNames = ['member', 'role', 'from', 'to', 'valid_at', 'as_of'] as const

type Node = string | number
type Selection = Pick<
  FindHyperedgesRequest,
  'from' | 'to' | 'valid_at' | 'as_of' | 'members' | 'ids' | 'keys' | 'where' | 'time_unit'
>

/** The arguments and the filter of the statement together: all of both must hold. */
export function toSelection(
  call: TableCall,
  given: ReadonlyMap<string, unknown>,
  pushed: PushedFilter,
): Selection {
  const instant = (name: string) => instantArgument(call, name, given.get(name))
  const [from, to, validAt] = [instant('from'), instant('to'), instant('valid_at')]
  const nodes = nodesArgument(call, given.get('member'))
  const role = textArgument(call, 'role', given.get('role'))
  if (role !== undefined && nodes === undefined) {
    throw wrongCall(call, 'takes a role with a member; otherwise ask for it in WHERE')
  }
  const asked = nodes?.map((node) => (role === undefined ? node : { node, role }))
  const [first = 0, ...more] = asked ?? []
  const members = asked === undefined ? pushed.members : more.length > 0 ? { all: asked } : first
  const { ids, keys, where } = pushed
  return {
    time_unit: 'us',
    ...later('from', from, pushed.from),
    ...earlier('to', to, pushed.to),
    ...(validAt === undefined ? {} : { valid_at: validAt }),
    ...asOf(call, given.get('as_of')),
    ...(members === undefined ? {} : { members }),
    ...(ids === undefined ? {} : { ids }),
    ...(keys === undefined ? {} : { keys }),
    ...(where === undefined ? {} : { where }),
  }
}

/** What WHERE may add to the arguments, of which none is left out. */
export function roomBeside(given: ReadonlyMap<string, unknown>, limits: Limits): PushRoom {
  const room = new PushRoom(limits)
  const asked = given.get('member')
  if (Array.isArray(asked)) room.take(asked.map(String), { terms: asked.length })
  return room
}

/** A node or a list of them. */
export function nodesArgument(call: TableCall, value: unknown): Node[] | undefined {
  if (value === undefined || value === null) return undefined
  const nodes = (Array.isArray(value) ? value : [value]).map((each) => {
    const node = typeof each === 'bigint' ? Number(each) : each
    const isNumber = typeof node === 'number' && Number.isSafeInteger(node) && node >= 0
    if (isNumber || (typeof node === 'string' && node !== '')) return node
    throw wrongCall(call, 'takes nodes as texts or as whole numbers from 0')
  })
  if (nodes.length > 0) return nodes
  throw wrongCall(call, 'takes at least one node')
}

/** What EXPLAIN says of a request. */
export function requestText(request: Readonly<Record<string, unknown>>): string | null {
  const said = Object.entries(request).filter(
    ([name, value]) => value !== undefined && name !== 'time_unit',
  )
  if (said.length === 0) return null
  return said.map(([name, value]) => `${name} ${shown(name, value)}`).join(', ')
}

const textMax = 500

function shown(name: string, value: unknown): string {
  const isInstant = ['from', 'to', 'valid_at'].includes(name) && typeof value === 'number'
  const text = (isInstant ? microsText(value) : undefined) ?? JSON.stringify(value)
  return text.length > textMax ? `${text.slice(0, textMax)}…` : text
}

/** A text, a TIMESTAMP, which comes as one, or a DATE, which comes as a Date. Exact to the microsecond. */
function instantArgument(call: TableCall, name: string, value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined
  const text = value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString() : value
  const micros = typeof text === 'string' ? instantOfText(text) : undefined
  if (micros !== undefined) return micros
  throw wrongCall(call, `takes an instant for ${name}: a TIMESTAMP or an ISO 8601 text`)
}

function asOf(call: TableCall, value: unknown): { as_of?: number | string } {
  if (value === undefined || value === null) return {}
  if (typeof value === 'number' || typeof value === 'bigint') return { as_of: Number(value) }
  if (typeof value === 'string') return { as_of: value }
  if (value instanceof Date) return { as_of: value.toISOString() }
  throw wrongCall(call, 'takes the number of a commit or an instant for as_of')
}

function later(name: 'from', one: number | undefined, other: number | undefined) {
  const found = [one, other].filter((each) => each !== undefined)
  return found.length === 0 ? {} : { [name]: Math.max(...found) }
}

function earlier(name: 'to', one: number | undefined, other: number | undefined) {
  const found = [one, other].filter((each) => each !== undefined)
  return found.length === 0 ? {} : { [name]: Math.min(...found) }
}
