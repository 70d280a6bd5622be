import { printable } from '@hypermesh/contract'
import type { HyperedgeInput, PropertyValue, TableSchema } from '@hypermesh/engine'
import type { Entry } from '../language/syntax-tree.ts'
import { ColumnSlot, columnNamesOf } from './column-slot.ts'
import { toInstant } from './compare.ts'
import { compileExpression } from './compile-expression.ts'
import { invalidQuery, mismatch } from './query-error.ts'
import type { Compiled, Scope } from './scope.ts'
import type { Value } from './value-type.ts'

/** A column that a statement writes, and its value for a row. */
export interface WrittenColumn {
  readonly slot: ColumnSlot
  readonly compiled: Compiled
}

const readOnly: ReadonlySet<string> = new Set(['id', 'seq', 'arity'])
/** The engine's names of what rows have. */
const fields: Readonly<Record<string, string>> = { event_ts: 'at', valid_to: 'until' }

/** Each column once; throws `invalid` at one that there is not, or that cannot be written. */
export function writtenColumns(
  entries: readonly Entry[],
  schema: TableSchema,
  scope: Scope,
): readonly WrittenColumn[] {
  const names = new Set<string>()
  return entries.map(({ name, value }) => {
    if (names.has(name)) throw invalidQuery(`${name} is given twice`)
    names.add(name)
    const slot = ColumnSlot.of(schema, name)
    if (slot === undefined) {
      const known = columnNamesOf(schema).join(', ')
      throw invalidQuery(`${schema.name} has no column ${printable(name)}; it has ${known}`)
    }
    if (readOnly.has(name)) throw invalidQuery(`${name} cannot be written`)
    const compiled = compileExpression(value, scope)
    return { slot, compiled: slot.type === 'timestamp' ? asInstant(slot, compiled) : compiled }
  })
}

function asInstant(slot: ColumnSlot, compiled: Compiled): Compiled {
  const instant = toInstant(compiled)
  if (instant.type === 'timestamp' || instant.type === 'null') return instant
  throw mismatch(`${slot.name} is an instant, not ${compiled.type}`)
}

/** The fields of a hyperedge as the engine takes them, which checks the rest. */
export function toFields(columns: readonly WrittenColumn[], row: number): Partial<HyperedgeInput> {
  const given: Record<string, unknown> = {}
  const props: Record<string, PropertyValue> = Object.create(null)
  let hasProps = false
  for (const { slot, compiled } of columns) {
    const value = compiled.evaluate(row)
    if (slot.isProperty) {
      hasProps = true
      props[slot.name] = toProperty(slot, value)
    } else given[fields[slot.name] ?? slot.name] = value
  }
  // The engine checks every field.
  return (hasProps ? { ...given, props } : given) as Partial<HyperedgeInput>
}

function toProperty(slot: ColumnSlot, value: Value): PropertyValue {
  if (slot.type === 'float64' && typeof value === 'bigint') return Number(value)
  if (typeof value !== 'object' || value === null) return value
  throw mismatch(`${slot.name} is ${slot.type}, not a list`)
}
