import type { ByteWriter } from './byte-writer.ts'
import { EngineError, invalid, quote } from './errors.ts'
import { type Instant, microsNever, type TimeUnit, toMicros } from './instants.ts'
import { assertFields } from './known-names.ts'
import { assertNodeId, type NodeId, writeNodes } from './node-ids.ts'
import { type PropertyValues, presence, writePropertyRows } from './property-values.ts'
import type { TableLayout } from './schema.ts'

/**
 * The members of a hyperedge in order: nodes, nodes with their role, or role → nodes. The same node
 * twice in the same role is `invalid`, as is none at all.
 *
 * @example ['ann', 7, { node: 'bob', role: 'host' }]
 * @example { host: ['bob'], guest: ['ann', 'eve'] }
 */
export type MembersInput =
  | readonly (NodeId | { readonly node: NodeId; readonly role?: string | null })[]
  | Readonly<Record<string, readonly NodeId[]>>

/** A hyperedge to insert. The rows of a result are of this form too. */
export interface HyperedgeInput {
  readonly at: Instant
  /** When it stops to hold; never unless said. */
  readonly until?: Instant | null
  readonly members: MembersInput
  /** One a member, in place of roles in `members`; null: none. */
  readonly roles?: readonly (string | null)[] | null
  /** Finite; 1 unless said. */
  readonly weight?: number
  readonly label?: string | null
  /**
   * The caller's own name for it, at most 255 bytes. While a hyperedge with this key lives, another
   * insert with it writes nothing and returns the id of the first: so a retry is harmless.
   */
  readonly key?: string | null
  readonly props?: PropertyValues
}

/** What to change; the rest stays. A property of null loses its value. */
export interface HyperedgeChange extends Partial<Omit<HyperedgeInput, 'key'>> {}

/** Where and how hyperedges are encoded. */
export interface RowsContext {
  readonly layout: TableLayout
  readonly timeUnit: TimeUnit
}

/** The field bits of the wire. */
export const fields = {
  at: 1,
  until: 2,
  weight: 4,
  label: 8,
  members: 16,
  roles: 32,
  key: 64,
  props: 128,
} as const

const rolesMax = 255

/** `rows` of hyperedges to insert. */
export function writeInsertRows(
  writer: ByteWriter,
  rows: readonly HyperedgeInput[],
  context: RowsContext,
): void {
  let mask = fields.at | fields.members
  for (const row of rows) mask |= fieldsOf(row)
  writeRows(writer, rows, { mask, missing: presence.null, context })
}

/** `rows` of changes. Requires: all give the same fields. */
export function writeChangeRows(
  writer: ByteWriter,
  rows: readonly HyperedgeChange[],
  context: RowsContext,
): void {
  const [first] = rows
  const mask = first === undefined ? 0 : fieldsOf(first)
  writeRows(writer, rows, { mask, missing: presence.unchanged, context })
}

/** Which fields the row gives. */
export function fieldsOf(row: HyperedgeChange & { readonly key?: unknown }): number {
  assertFields(row, 'a hyperedge')
  let mask = 0
  if (row.at !== undefined) mask |= fields.at
  if (row.until !== undefined) mask |= fields.until
  if (row.weight !== undefined) mask |= fields.weight
  if (row.label !== undefined) mask |= fields.label
  if (row.members !== undefined) mask |= fields.members
  if (row.roles !== undefined && row.roles !== null) mask |= fields.roles
  else if (row.members !== undefined && hasRoles(row.members)) mask |= fields.roles
  if (row.key !== undefined && row.key !== null) mask |= fields.key
  if (row.props !== undefined) mask |= fields.props
  return mask
}

function hasRoles(members: unknown): boolean {
  if (!Array.isArray(members)) return true
  for (const member of members) if (typeof member === 'object') return true
  return false
}

type Row = HyperedgeChange & { readonly key?: unknown }

interface Encoding {
  readonly mask: number
  readonly missing: 0 | 2
  readonly context: RowsContext
}

function writeRows(writer: ByteWriter, rows: readonly Row[], encoding: Encoding): void {
  const { mask, context } = encoding
  writer.u32(rows.length)
  writer.u32(mask)
  if (mask & fields.at) writeInstants(writer, rows, context.timeUnit)
  if (mask & fields.until) writeEnds(writer, rows, context.timeUnit)
  if (mask & fields.weight) writeWeights(writer, rows)
  if (mask & fields.label) {
    writeSymbols(
      writer,
      rows.map((row) => row.label),
    )
  }
  if (mask & fields.members) writeMembers(writer, rows, encoding)
  if (mask & fields.key) {
    writeKeys(
      writer,
      rows.map((row) => row.key),
    )
  }
  if (mask & fields.props) {
    writePropertyRows(
      writer,
      rows.map((row) => row.props),
      { ...context, missing: encoding.missing },
    )
  }
}

function writeInstants(writer: ByteWriter, rows: readonly Row[], unit: TimeUnit): void {
  writer.align8()
  for (const row of rows) {
    const micros = toMicros(row.at, unit, 'at')
    if (typeof micros === 'number') writer.int(micros)
    else writer.i64(micros)
  }
}

function writeEnds(writer: ByteWriter, rows: readonly Row[], unit: TimeUnit): void {
  writer.align8()
  for (const { at, until } of rows) {
    if (until === undefined || until === null) {
      writer.i64(microsNever)
      continue
    }
    const micros = toMicros(until, unit, 'until')
    if (at !== undefined && micros <= toMicros(at, unit, 'at')) {
      throw invalid('until must be later than at')
    }
    if (typeof micros === 'number') writer.int(micros)
    else writer.i64(micros)
  }
}

function writeWeights(writer: ByteWriter, rows: readonly Row[]): void {
  writer.align8()
  for (const { weight = 1 } of rows) {
    if (typeof weight !== 'number' || !Number.isFinite(weight)) {
      throw invalid(`weight must be a finite number, not ${quote(weight)}`)
    }
    writer.f64(weight)
  }
}

/** u32 × text, align8 u32 codes[n]. */
export function writeSymbols(writer: ByteWriter, labels: readonly unknown[]): void {
  const codes = new Map<string, number>()
  const column = new Uint32Array(labels.length)
  for (let row = 0; row < labels.length; row++) {
    const label = labels[row]
    if (label === undefined || label === null) continue
    if (typeof label !== 'string' || label === '') {
      throw invalid(`label must be a string and not empty, not ${quote(label)}`)
    }
    let code = codes.get(label)
    if (code === undefined) {
      code = codes.size + 1
      codes.set(label, code)
    }
    column[row] = code
  }
  writer.u32(codes.size)
  for (const label of codes.keys()) writer.text(label)
  writer.align8()
  writer.array(column)
}

/** align8 u32 offsets[n + 1], bytes. */
export function writeKeys(writer: ByteWriter, keys: readonly unknown[]): void {
  writer.align8()
  const offsets = writer.skip((keys.length + 1) * 4)
  writer.patchU32(offsets, 0)
  let end = 0
  for (let row = 0; row < keys.length; row++) {
    const key = keys[row]
    if (key !== undefined && key !== null) {
      if (typeof key !== 'string' || key === '') {
        throw invalid(`key must be a string and not empty, not ${quote(key)}`)
      }
      const bytes = writer.utf8(key)
      if (bytes > 255) throw new EngineError('too_large', `key has ${bytes} bytes, at most 255`)
      end += bytes
    }
    writer.patchU32(offsets + (row + 1) * 4, end)
  }
}

function writeMembers(writer: ByteWriter, rows: readonly Row[], encoding: Encoding): void {
  const list = new MemberList(encoding.context.layout)
  writer.align8()
  writer.u32(0)
  for (const row of rows) {
    list.add(row)
    writer.u32(list.nodes.length)
  }
  writeNodes(writer, list.nodes)
  if (encoding.mask & fields.roles) list.writeRoles(writer)
}

/** The members of all rows one after the other. */
class MemberList {
  readonly nodes: NodeId[] = []
  readonly #roleCodes: number[] = []
  readonly #roles = new Map<string, number>()
  readonly #layout: TableLayout

  constructor(layout: TableLayout) {
    this.#layout = layout
  }

  add({ members, roles }: Row): void {
    const before = this.nodes.length
    if (Array.isArray(members)) this.#addArray(members, roles ?? undefined)
    else if (typeof members === 'object' && members !== null) this.#addByRole(members)
    else throw invalid(`members must be an array or role → nodes, not ${quote(members)}`)
    const arity = this.nodes.length - before
    if (arity === 0) throw invalid('members must not be empty')
    const { arityMax, name } = this.#layout.schema
    if (arity > arityMax) {
      throw new EngineError('too_large', `${arity} members; ${name} allows ${arityMax} (arityMax)`)
    }
  }

  writeRoles(writer: ByteWriter): void {
    writer.u32(this.#roles.size)
    for (const role of this.#roles.keys()) writer.text(role)
    writer.align8()
    for (const code of this.#roleCodes) writer.u8(code)
  }

  #addArray(members: readonly unknown[], roles: unknown): void {
    if (roles !== undefined && !(Array.isArray(roles) && roles.length === members.length)) {
      throw invalid(`roles must be an array of ${members.length}, one a member`)
    }
    for (let place = 0; place < members.length; place++) {
      const member = members[place]
      const given: unknown = roles === undefined ? undefined : (roles as unknown[])[place]
      if (typeof member === 'object' && member !== null) {
        assertFields(member, 'a member')
        const { node, role } = member as { readonly node?: unknown; readonly role?: unknown }
        this.#add(node, role ?? given)
      } else {
        this.#add(member, given)
      }
    }
  }

  #addByRole(members: object): void {
    for (const [role, nodes] of Object.entries(members)) {
      if (!Array.isArray(nodes)) throw invalid(`members.${role} must be an array of nodes`)
      for (const node of nodes) this.#add(node, role)
    }
  }

  #add(node: unknown, role: unknown): void {
    assertNodeId(node)
    this.nodes.push(node)
    this.#roleCodes.push(role === undefined || role === null ? 0 : this.#roleCode(role))
  }

  #roleCode(role: unknown): number {
    if (typeof role !== 'string' || role === '') {
      throw invalid(`a role must be a string and not empty, not ${quote(role)}`)
    }
    const known = this.#roles.get(role)
    if (known !== undefined) return known
    const code = this.#roles.size + 1
    if (code > rolesMax) throw new EngineError('too_large', `a batch has at most ${rolesMax} roles`)
    this.#roles.set(role, code)
    return code
  }
}
