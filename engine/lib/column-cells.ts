import { microsNever, type TimeUnit } from './instants.ts'
import type { NodeKeys } from './node-keys.ts'
import { isValid, type ResultColumn, valueTypes } from './result-buffer.ts'
import type { SymbolCache } from './symbol-cache.ts'

/** How the numbers of a column are meant. */
export type CellMeaning = 'plain' | 'instant' | 'end' | 'symbol' | 'node' | 'unsigned'

/** What a result is read with. */
export interface CellSource {
  readonly symbols: SymbolCache
  readonly nodes: NodeKeys
  readonly timeUnit: TimeUnit
}

const two32 = 4_294_967_296
const unitsPerMicro: Readonly<Record<TimeUnit, number>> = { s: 1e-6, ms: 1e-3, us: 1 }

/** The values of a column as JavaScript has them, one a row (one a value, of a list). */
export function toCells(
  column: ResultColumn,
  meaning: CellMeaning,
  source: CellSource,
): ArrayLike<unknown> {
  return withNulls(toValues(column, meaning, source), column.validity)
}

function toValues(
  column: ResultColumn,
  meaning: CellMeaning,
  source: CellSource,
): ArrayLike<unknown> {
  const { values, type } = column
  if (values instanceof BigInt64Array) {
    if (meaning === 'instant') return microsToNumbers(values, source.timeUnit)
    if (meaning === 'end') return endsToNumbers(values, source.timeUnit)
    return integersToNumbers(values)
  }
  if (type === valueTypes.text && values instanceof Uint8Array) {
    return decodeTexts(values, column.offsets ?? new Uint32Array(1))
  }
  if (type === valueTypes.u8) return Array.from(values as Uint8Array, (value) => value === 1)
  if (values instanceof Float64Array) return meaning === 'unsigned' ? nansToNull(values) : values
  if (meaning === 'symbol') return source.symbols.textsOf(values as Uint32Array)
  // Every place of a list has a node.
  if (meaning === 'node' && type === valueTypes.list) {
    return source.nodes.keysOf(values as Uint32Array)
  }
  if (meaning === 'node') return nodeKeysOf(values as Uint32Array, source.nodes)
  if (meaning === 'unsigned') return nonesToNull(values as Uint32Array)
  return values
}

/** Microseconds in the unit, without a bigint a value. */
export function microsToNumbers(values: BigInt64Array, unit: TimeUnit): Float64Array {
  const halves = new Uint32Array(values.buffer, values.byteOffset, values.length * 2)
  const highs = new Int32Array(values.buffer, values.byteOffset, values.length * 2)
  const numbers = new Float64Array(values.length)
  // Dividing rounds once; multiplying by a thousandth would round twice.
  const divisor = Math.round(1 / unitsPerMicro[unit])
  for (let row = 0; row < numbers.length; row++) {
    numbers[row] = ((highs[row * 2 + 1] ?? 0) * two32 + (halves[row * 2] ?? 0)) / divisor
  }
  return numbers
}

function endsToNumbers(values: BigInt64Array, unit: TimeUnit): ArrayLike<unknown> {
  const numbers = microsToNumbers(values, unit)
  const ends = new Array<number | null>(numbers.length)
  for (let row = 0; row < ends.length; row++) {
    // Only near the greatest is the bigint looked at.
    const number = numbers[row] ?? 0
    const isNever = number > 9e12 && values[row] === microsNever
    ends[row] = isNever ? null : number
  }
  return ends
}

/** Numbers where all are exact, else bigints for those that are not. */
function integersToNumbers(values: BigInt64Array): ArrayLike<unknown> {
  const numbers = microsToNumbers(values, 'us')
  for (let row = 0; row < numbers.length; row++) {
    if (!Number.isSafeInteger(numbers[row])) {
      return Array.from(numbers, (number, at) =>
        Number.isSafeInteger(number) ? number : values[at],
      )
    }
  }
  return numbers
}

function decodeTexts(bytes: Uint8Array, offsets: Uint32Array): string[] {
  const heap = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const all = heap.toString('utf8')
  const isAscii = all.length === heap.length
  const texts = new Array<string>(offsets.length - 1)
  for (let row = 0; row < texts.length; row++) {
    const from = offsets[row] ?? 0
    const to = offsets[row + 1] ?? 0
    texts[row] = isAscii ? all.slice(from, to) : heap.toString('utf8', from, to)
  }
  return texts
}

/** The absent number of a node or row; no node has it. */
const noNumber = 0xffff_ffff

function nodeKeysOf(numbers: Uint32Array, nodes: NodeKeys): ArrayLike<unknown> {
  if (!numbers.includes(noNumber)) return nodes.keysOf(numbers)
  const keys = nodes.keysOf(numbers.filter((number) => number !== noNumber))
  let next = 0
  return Array.from(numbers, (number) => (number === noNumber ? null : keys[next++]))
}

function nonesToNull(values: Uint32Array): ArrayLike<unknown> {
  if (!values.includes(noNumber)) return values
  return Array.from(values, (value) => (value === noNumber ? null : value))
}

function nansToNull(values: Float64Array): ArrayLike<unknown> {
  return Array.from(values, (value) => (Number.isNaN(value) ? null : value))
}

function withNulls(
  values: ArrayLike<unknown>,
  validity: Uint8Array | undefined,
): ArrayLike<unknown> {
  if (validity === undefined) return values
  const cells = new Array<unknown>(values.length)
  for (let row = 0; row < cells.length; row++) {
    cells[row] = isValid(validity, row) ? values[row] : null
  }
  return cells
}
