import { HyperMeshError, printable, type VectorFieldType } from '@hypermesh/contract'
import { NumberColumn } from './number-column.ts'
import { GrowableBits } from './slot-bits.ts'
import { TextColumn } from './text-column.ts'

export type Scalar = string | number | boolean

/**
 * Longer texts are indexed by their beginning, one unit longer than any text that a filter may name:
 * so each comparison with such a text still comes out as for the whole.
 */
export const filterTextMax = 512

/** What filters, facets and groups know of one field of the metadata. */
export class MetadataField {
  readonly name: string
  readonly declared: VectorFieldType | undefined
  readonly texts = new TextColumn()
  readonly numbers = new NumberColumn()
  readonly present = new GrowableBits()
  #pointCount = 0

  constructor(name: string, declared: VectorFieldType | undefined) {
    this.name = name
    this.declared = declared
  }

  /** Some point has several values. */
  get hasLists(): boolean {
    return this.texts.hasLists || this.numbers.hasLists
  }

  /** How many points have had a value, dead ones too. */
  get pointCount(): number {
    return this.#pointCount
  }

  get types(): string[] {
    if (this.declared !== undefined) return [this.declared]
    const kinds = new Set(this.texts.values.map((value) => typeof value))
    return [
      ...(kinds.has('string') ? ['keyword'] : []),
      ...(this.numbers.isEmpty ? [] : ['float']),
      ...(kinds.has('boolean') ? ['boolean'] : []),
    ]
  }

  add(slot: number, values: ReadonlySet<Scalar>): void {
    if (values.size === 0) return
    this.present.add(slot)
    this.#pointCount += 1
    // Texts to be searched by their words; a filter by their whole has no use.
    if (this.declared === 'text') return
    for (const value of values) {
      if (typeof value === 'number') this.numbers.add(slot, value)
      else if (this.declared === 'datetime') this.numbers.add(slot, instantOf(String(value)))
      else this.texts.add(slot, typeof value === 'string' ? indexedText(value) : value)
    }
  }

  valuesOf(slot: number): Scalar[] {
    return [...this.texts.valuesOf(slot), ...this.numbers.valuesOf(slot).map(this.shown)]
  }

  count(words: Uint32Array): Map<Scalar, number> {
    const counts = new Map<Scalar, number>()
    this.texts.count(words, counts)
    const numbers = new Map<Scalar, number>()
    this.numbers.count(words, numbers)
    for (const [value, count] of numbers) counts.set(this.shown(Number(value)), count)
    return counts
  }

  /** A number of a column as the metadata have it. */
  readonly shown = (value: number): string | number =>
    this.declared === 'datetime' ? new Date(value).toISOString() : value

  /** A value of a filter or of metadata as the columns hold it; throws where the type is another. */
  toColumn(value: Scalar): Scalar {
    assertType(this, value)
    return this.declared === 'datetime' ? instantOf(String(value)) : value
  }
}

function indexedText(value: string): string {
  return value.length > filterTextMax + 1 ? value.slice(0, filterTextMax + 1) : value
}

/** Throws `type_mismatch` where the field was declared as something else. */
export function assertType(
  { name, declared }: { name: string; declared: VectorFieldType | undefined },
  value: Scalar,
): void {
  if (declared === undefined || fits[declared](value)) return
  throw new HyperMeshError(
    'type_mismatch',
    `the field ${printable(name)} is ${declared}; ${printable(JSON.stringify(value))} is not`,
    { details: { field: name, declared, given: typeof value } },
  )
}

const fits: Readonly<Record<VectorFieldType, (value: Scalar) => boolean>> = {
  keyword: (value) => typeof value === 'string',
  text: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  float: (value) => typeof value === 'number',
  integer: (value) => Number.isSafeInteger(value),
  datetime: (value) => typeof value === 'string' && !Number.isNaN(instantOf(value)),
}

const instantPattern = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/i

/** Milliseconds since 1970; without an offset it is UTC. NaN for what is no instant. */
function instantOf(text: string): number {
  const match = instantPattern.exec(text)
  if (match === null) return Number.NaN
  const hasTime = match[1] !== undefined
  return Date.parse(hasTime && match[4] === undefined ? `${text.replace(' ', 'T')}Z` : text)
}
