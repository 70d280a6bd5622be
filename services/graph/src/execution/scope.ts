import { printable } from '@hypermesh/contract'
import type { TableSchema } from '@hypermesh/engine'
import type { Column, Pattern } from '../language/syntax-tree.ts'
import { ColumnSlot, columnNamesOf, returnedNamesOf } from './column-slot.ts'
import { invalidQuery } from './query-error.ts'
import type { Value, ValueType } from './value-type.ts'

/** An expression that can be worked out for a row of what its slots have loaded. */
export interface Compiled {
  readonly type: ValueType
  readonly evaluate: (row: number) => Value
  /** Known without rows. */
  readonly constant?: Value
}

export function constantOf(value: Value, type: ValueType): Compiled {
  return { type, evaluate: () => value, constant: value }
}

/** A pattern's table with the columns that the statement uses of it. */
export class Source {
  readonly pattern: Pattern
  readonly schema: TableSchema
  readonly #slots = new Map<string, ColumnSlot>()

  constructor(pattern: Pattern, schema: TableSchema) {
    this.pattern = pattern
    this.schema = schema
  }

  get slots(): readonly ColumnSlot[] {
    return [...this.#slots.values()]
  }

  /** What RETURN * has of it. */
  get returnedNames(): readonly string[] {
    return returnedNamesOf(this.schema)
  }

  /** Throws `invalid` where the table has no such column. */
  slot(name: string): ColumnSlot {
    const known = this.#slots.get(name)
    if (known !== undefined) return known
    const slot = ColumnSlot.of(this.schema, name)
    if (slot === undefined) {
      const names = columnNamesOf(this.schema)
      const message = `${this.schema.name} has no column ${printable(name)}; it has ${names.join(', ')}`
      throw invalidQuery(message, { column: printable(name) })
    }
    this.#slots.set(name, slot)
    return slot
  }
}

/** What names mean in a statement. */
export interface Scope {
  readonly sources: readonly Source[]
  /** What stands for a whole expression by its text: an alias, a figure of a group, a joined count. */
  readonly replaced?: ReadonlyMap<string, Compiled>
}

/** The table that a variable names; without one, the only table. */
export function sourceOf({ sources }: Scope, variable: string | null): Source {
  const [only] = sources
  if (variable === null) {
    if (only !== undefined && sources.length === 1) return only
    throw invalidQuery('say of which pattern: variable.column')
  }
  const named = sources.find(({ pattern }) => pattern.variable === variable)
  if (named !== undefined) return named
  const known = sources.map(({ pattern }) => pattern.variable).filter((one) => one !== null)
  throw invalidQuery(
    `no pattern has the variable ${printable(variable)}; there is ${known.join(', ') || 'none'}`,
  )
}

/** The table that a bare name means as a whole: `count(he)`, `shared(a, b)`. */
export function wholeSourceOf({ sources }: Scope, expression: Column): Source | undefined {
  if (expression.variable !== null) return undefined
  return sources.find(({ pattern }) => pattern.variable === expression.name)
}
