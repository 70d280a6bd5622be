import { type BadSourceRow, HyperMeshError, printable } from '@hypermesh/contract'
import type { NodeId, PropertyValue } from '@hypermesh/engine'
import type { FeedColumn } from './feed-columns.ts'
import { type FeedState, samplesMax } from './feed-state.ts'

/** A row as the hyperedge that it becomes; instants in microseconds, every property given. */
export interface FedHyperedge {
  readonly at: bigint
  readonly until: bigint | null
  readonly weight: number
  readonly label: string | null
  readonly key: string | null
  readonly members: readonly { readonly node: NodeId; readonly role: string | null }[]
  readonly props: Readonly<Record<string, PropertyValue>>
}

/** The ends of the engine's instants. */
const microsMost = 2n ** 63n - 2n
const int64Most = 2n ** 63n - 1n
const textBytesMax = 1024 * 1024
const keyBytesMax = 255

/** A row as a hyperedge, or why it is none. */
export function toFedHyperedge(
  row: readonly unknown[],
  columns: readonly FeedColumn[],
): FedHyperedge | BadSourceRow {
  const draft = new RowDraft()
  try {
    for (const [at, column] of columns.entries()) draft.add(column, row[at] ?? null)
    return draft.finish(columns.some(({ use }) => use.kind === 'key'))
  } catch (error) {
    if (!(error instanceof HyperMeshError)) throw error
    return { key: draft.shownKey, reason: error.message }
  }
}

export function isFedHyperedge(row: FedHyperedge | BadSourceRow): row is FedHyperedge {
  return 'members' in row
}

/** Stops where rows that make no hyperedge are not to be left out. */
export function assertGood(bad: readonly BadSourceRow[], { onBadRows, source }: FeedState): void {
  const [first] = bad
  if (first === undefined || onBadRows === 'skip') return
  const which = first.key === null ? 'a row' : `the row ${first.key}`
  const message = `${which} of ${source?.table ?? 'the query'} makes no hyperedge: ${first.reason}`
  throw new HyperMeshError('invalid', message, {
    details: { reason: 'bad-row', samples: bad.slice(0, samplesMax) },
  })
}

class RowDraft {
  shownKey: string | null = null
  #at: bigint | undefined
  #until: bigint | null = null
  #weight = 1
  #label: string | null = null
  #key: string | null = null
  readonly #members: { node: NodeId; role: string | null }[] = []
  readonly #met = new Set<string>()
  readonly #props: Record<string, PropertyValue> = {}

  add(column: FeedColumn, value: unknown): void {
    const { use } = column
    switch (use.kind) {
      case 'time':
        this.#at = instantOf(value, column) ?? undefined
        break
      case 'until':
        this.#until = instantOf(value, column)
        break
      case 'weight':
        if (value !== null) this.#weight = finite(value, column)
        break
      case 'label':
        this.#label = value === '' ? null : textOf(value, column, textBytesMax)
        break
      case 'key':
        this.#key = value === '' ? null : textOf(value, column, keyBytesMax)
        this.shownKey = this.#key === null ? null : printable(this.#key)
        break
      case 'member':
        for (const item of Array.isArray(value) ? value : [value]) this.#member(item, column)
        break
      default:
        this.#props[use.name] = propertyOf(value, column)
    }
  }

  finish(hasKey: boolean): FedHyperedge {
    if (this.#at === undefined) throw invalid('the time is NULL or no instant')
    if (this.#until !== null && this.#until <= this.#at)
      throw invalid('until is not after the time')
    if (this.#members.length === 0) throw invalid('it has no members')
    if (hasKey && this.#key === null) throw invalid('the key is NULL or empty')
    return {
      ...{ at: this.#at, until: this.#until, weight: this.#weight, label: this.#label },
      ...{ key: this.#key, members: this.#members, props: this.#props },
    }
  }

  /** A node that a list has twice is one member. */
  #member(value: unknown, { name, use, isInteger }: FeedColumn): void {
    if (value === null || value === undefined) return
    const node = isInteger ? integerNode(value, name) : textNode(value, name)
    const role = use.kind === 'member' ? (use.role ?? null) : null
    const identity = `${typeof node === 'string' ? 't' : 'i'}${node}\0${role ?? ''}`
    if (this.#met.has(identity)) return
    this.#met.add(identity)
    this.#members.push({ node, role })
  }
}

function integerNode(value: unknown, name: string): NodeId {
  const node = integerOf(value, name)
  if (node >= 0) return node
  throw invalid(`${printable(name)} is ${node}; a node is a text, or a whole number from 0`)
}

function textNode(value: unknown, name: string): NodeId {
  if (value === '') throw invalid(`${printable(name)} is an empty text, which names no node`)
  return textOf(value, { name }, textBytesMax) ?? ''
}

function instantOf(value: unknown, { name }: FeedColumn): bigint | null {
  if (value === null) return null
  const micros = BigInt(integerOf(value, name))
  if (micros <= microsMost && micros >= -microsMost) return micros
  throw invalid(`${printable(name)} is out of the range of instants`)
}

function propertyOf(value: unknown, column: FeedColumn): PropertyValue {
  const { use, name } = column
  if (value === null || use.kind !== 'property') return null
  switch (use.type) {
    case 'timestamp':
      return instantOf(value, column)
    case 'int64': {
      const number = integerOf(value, name)
      if (number <= int64Most && number >= -int64Most - 1n) return number
      throw invalid(`${printable(name)} is ${number}, which 64 bits do not hold`)
    }
    case 'float64':
      return finite(value, column)
    case 'bool':
      return value === true
    default:
      return textOf(value, column, textBytesMax)
  }
}

/** A number where that is exact: others come as texts. */
function integerOf(value: unknown, name: string): number | bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  if (typeof value === 'bigint') return value
  if (typeof value === 'string' && /^-?\d{1,39}$/.test(value)) return BigInt(value)
  throw invalid(`${printable(name)} is no whole number`)
}

function finite(value: unknown, { name }: Pick<FeedColumn, 'name'>): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw invalid(`${printable(name)} is no finite number`)
}

function textOf(
  value: unknown,
  { name }: Pick<FeedColumn, 'name'>,
  bytesMax: number,
): string | null {
  if (value === null) return null
  const text = String(value)
  const bytes = Buffer.byteLength(text)
  if (bytes <= bytesMax) return text
  throw invalid(`${printable(name)} has ${bytes} bytes, at most ${bytesMax}`)
}

const invalid = (message: string) => new HyperMeshError('invalid', message)
