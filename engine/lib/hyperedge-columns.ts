import { type ByteWriter, setHalves } from './byte-writer.ts'
import { EngineError, invalid } from './errors.ts'
import { fields, type RowsContext, writeKeys, writeSymbols } from './hyperedges.ts'
import { microsNever, microsPer, type TimeUnit, toMicros } from './instants.ts'
import { assertFields } from './known-names.ts'
import { type NodeColumn, nodeCount, writeNodeColumn } from './node-ids.ts'
import {
  assertLength,
  notFinite,
  type PropertyColumn,
  writePropertyColumns,
} from './property-values.ts'

/** Instants in the database's `timeUnit` (Float64Array) or microseconds (BigInt64Array). */
export type InstantColumn = Float64Array | BigInt64Array

/** Texts, or distinct texts and codes: 0 none, k the k-th of `names`, from 1. */
export type SymbolColumn<Codes = Uint32Array> =
  | readonly (string | null | undefined)[]
  | { readonly names: readonly string[]; readonly codes: Codes }

/** Hyperedges as one array a field: the fastest way in. Row i has its members from
 * `memberOffsets[i]` up to `memberOffsets[i + 1]`. */
export interface HyperedgeColumns {
  readonly at: InstantColumn
  /** One more than there are rows, from 0, ascending. */
  readonly memberOffsets: Uint32Array
  readonly members: NodeColumn
  /** One a member. */
  readonly roles?: SymbolColumn<Uint8Array>
  /** 2^63 − 1 or NaN: never. */
  readonly until?: InstantColumn
  readonly weight?: Float64Array
  readonly label?: SymbolColumn
  readonly key?: readonly (string | null | undefined)[]
  readonly props?: Readonly<Record<string, PropertyColumn>>
}

/** Up to here the buffer mostly has the room, and to reckon takes longer than to grow. */
const rowsFew = 16

/** To write, check and find a name takes as long as to look whether some rows use it. */
const rowsALabel = 8

/** Of names, paddings and counts. */
const bytesBeside = 4096

/** `rows` from columns; returns how many rows. */
export function writeColumnRows(
  writer: ByteWriter,
  columns: HyperedgeColumns,
  context: RowsContext,
): number {
  assertFields(columns, 'a batch of columns')
  const { at, until, weight, label, key, roles, props } = columns
  const rowCount = assertInstants(at, 'at').length
  if (rowCount > rowsFew) writer.expect(bytesOf(columns))
  writer.u32(rowCount)
  let mask = fields.at | fields.members
  if (until !== undefined) mask |= fields.until
  if (weight !== undefined) mask |= fields.weight
  if (label !== undefined) mask |= fields.label
  if (roles !== undefined) mask |= fields.roles
  if (key !== undefined) mask |= fields.key
  if (props !== undefined) mask |= fields.props
  writer.u32(mask)
  writeInstants(writer, at, 'at', context.timeUnit)
  if (until !== undefined) {
    assertLength(assertInstants(until, 'until').length, rowCount, 'until')
    writeInstants(writer, until, 'until', context.timeUnit)
  }
  if (weight !== undefined) writeWeights(writer, weight, rowCount)
  if (label !== undefined) writeLabels(writer, label, rowCount)
  writeMembers(writer, columns, rowCount)
  if (key !== undefined) {
    if (!Array.isArray(key)) throw invalid('key must be an array of strings')
    assertLength(key.length, rowCount, 'key')
    writeKeys(writer, key)
  }
  if (props !== undefined) {
    if (typeof props !== 'object' || props === null) throw invalid('props must be name → column')
    writePropertyColumns(writer, props, rowCount, context)
  }
  return rowCount
}

/** About what the columns take on the wire, by the arrays of numbers. */
function bytesOf({ at, until, weight, label, memberOffsets, members, props }: HyperedgeColumns) {
  // Nothing was checked yet.
  const { codes } = Object(label)
  const arrays = [at, until, weight, codes, memberOffsets, members]
  const sizes = arrays.map((array) => (ArrayBuffer.isView(array) ? array.byteLength : 0))
  const properties = Object.keys(props ?? {}).length * at.length * 8
  return sizes.reduce((sum, bytes) => sum + bytes, properties + bytesBeside)
}

function assertInstants(column: unknown, name: string): InstantColumn {
  if (column instanceof Float64Array || column instanceof BigInt64Array) return column
  throw invalid(`${name} must be a Float64Array or a BigInt64Array of microseconds`)
}

function writeInstants(
  writer: ByteWriter,
  column: InstantColumn,
  name: 'at' | 'until',
  unit: TimeUnit,
): void {
  writer.align8()
  if (column instanceof BigInt64Array) {
    writer.array(column)
    return
  }
  const start = writer.skip(column.length * 8)
  const halves = column.length > rowsFew ? writer.halves(start, column.length) : undefined
  const perUnit = microsPer[unit]
  for (let row = 0; row < column.length; row++) {
    const value = column[row] ?? 0
    const quick = Math.round(value * perUnit)
    if (Number.isSafeInteger(quick)) {
      if (halves === undefined) writer.patchInt(start + row * 8, quick)
      else setHalves(halves, row, quick)
      continue
    }
    const never = name === 'until' && Number.isNaN(value)
    const micros = never ? microsNever : toMicros(value, unit, name)
    // Nearly always a bigint: what is exact as a number was written above.
    writer.patchI64(start + row * 8, BigInt(micros))
  }
}

function writeWeights(writer: ByteWriter, weight: Float64Array, rowCount: number): void {
  if (!(weight instanceof Float64Array)) throw invalid('weight must be a Float64Array')
  assertLength(weight.length, rowCount, 'weight')
  const row = notFinite(weight)
  if (row >= 0) throw invalid(`weight of row ${row} must be finite, not ${weight[row]}`)
  writer.align8()
  writer.array(weight)
}

function writeLabels(writer: ByteWriter, column: SymbolColumn, rowCount: number): void {
  if (Array.isArray(column)) {
    assertLength(column.length, rowCount, 'label')
    writeSymbols(writer, column)
    return
  }
  const { names, codes } = assertCoded(column, 'label')
  if (!(codes instanceof Uint32Array)) throw invalid('label.codes must be a Uint32Array')
  assertLength(codes.length, rowCount, 'label')
  if (Array.isArray(names) && names.length * rowsALabel > rowCount) {
    writeUsedLabels(writer, names, codes)
    return
  }
  writeNames(writer, names, 'label')
  writer.array(codes)
}

/** Small batches often come with one long list of all labels: those that they do not use stay here. */
function writeUsedLabels(writer: ByteWriter, names: readonly string[], codes: Uint32Array): void {
  const usedCodes = new Map<number, number>()
  const usedNames: string[] = []
  const used = new Uint32Array(codes.length)
  for (let row = 0; row < codes.length; row++) {
    const code = codes[row] as number
    if (code === 0) continue
    let usedCode = usedCodes.get(code)
    if (usedCode === undefined) {
      const name = names[code - 1]
      if (code > names.length || name === undefined) {
        throw invalid(`label.codes[${row}] is ${code}, but there are ${names.length} names`)
      }
      usedCode = usedNames.push(name)
      usedCodes.set(code, usedCode)
    }
    used[row] = usedCode
  }
  writeNames(writer, usedNames, 'label')
  writer.array(used)
}

function writeMembers(writer: ByteWriter, columns: HyperedgeColumns, rowCount: number): void {
  const { memberOffsets, members, roles } = columns
  if (!(memberOffsets instanceof Uint32Array)) {
    throw invalid('memberOffsets must be a Uint32Array')
  }
  assertLength(memberOffsets.length, rowCount + 1, 'memberOffsets')
  if (typeof members !== 'object' || members === null) {
    throw invalid('members must be a typed array, an array, or { keys, index }')
  }
  const count = nodeCount(members)
  if (memberOffsets[0] !== 0 || memberOffsets[rowCount] !== count) {
    throw invalid(`memberOffsets must go from 0 to ${count}, which is how many members there are`)
  }
  writer.align8()
  writer.array(memberOffsets)
  writeNodeColumn(writer, members)
  if (roles === undefined) return
  const { names, codes } = Array.isArray(roles) ? toCodes(roles) : assertCoded(roles, 'roles')
  if (!(codes instanceof Uint8Array)) throw invalid('roles.codes must be a Uint8Array')
  assertLength(codes.length, count, 'roles')
  if (Object(names).length > 255)
    throw new EngineError('too_large', 'a batch has at most 255 roles')
  writeNames(writer, names, 'roles')
  writer.array(codes)
}

function assertCoded<Codes>(
  column: SymbolColumn<Codes>,
  name: string,
): { readonly names: readonly string[]; readonly codes: Codes } {
  if (typeof column === 'object' && column !== null && 'names' in column) return column
  throw invalid(`${name} must be an array or { names, codes }`)
}

function writeNames(writer: ByteWriter, names: readonly string[], column: string): void {
  if (!Array.isArray(names)) throw invalid(`${column}.names must be an array of strings`)
  writer.u32(names.length)
  for (const name of names) {
    if (typeof name !== 'string') throw invalid(`${column}.names must be strings`)
    writer.text(name)
  }
  writer.align8()
}

function toCodes(roles: readonly (string | null | undefined)[]): {
  readonly names: readonly string[]
  readonly codes: Uint8Array
} {
  const known = new Map<string, number>()
  const codes = new Uint8Array(roles.length)
  for (let place = 0; place < roles.length; place++) {
    const role = roles[place]
    if (role === undefined || role === null) continue
    if (typeof role !== 'string') throw invalid('roles must be strings or null')
    let code = known.get(role)
    if (code === undefined) {
      code = known.size + 1
      if (code > 255) throw new EngineError('too_large', 'a batch has at most 255 roles')
      known.set(role, code)
    }
    codes[place] = code
  }
  return { names: [...known.keys()], codes }
}
