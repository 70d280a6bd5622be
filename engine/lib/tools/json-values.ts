import { EngineError } from '../errors.ts'
import { microsToText } from '../instants.ts'
import type { NodeId } from '../node-ids.ts'
import type { PropertyValue } from '../property-values.ts'
import type { TableSchema } from '../schema.ts'

/** Integers that JSON's numbers cannot hold are `{ "int": "<digits>" }`. */
function toJsonValue(value: unknown): unknown {
  return typeof value === 'bigint' ? { int: String(value) } : value
}

/** Turns `{ "int": "<digits>" }` back into a bigint; the rest is left as it is. */
export function fromJsonValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const { int } = value as { readonly int?: unknown }
  if (typeof int !== 'string' || Object.keys(value).length !== 1) return value
  if (!/^-?\d{1,20}$/.test(int)) throw new EngineError('invalid', `no integer: ${int}`)
  return BigInt(int)
}

/** JSON as `JSON.stringify` writes it, but −0 as −0. Requires: plain data without undefined. */
export function toJson(value: unknown): string {
  return hasNegativeZero(value) ? writeJson(value) : JSON.stringify(value)
}

function hasNegativeZero(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return Object.is(value, -0)
  return Object.values(value).some(hasNegativeZero)
}

function writeJson(value: unknown): string {
  if (Object.is(value, -0)) return '-0'
  if (Array.isArray(value)) return `[${value.map(writeJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const fields = Object.entries(value)
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${writeJson(field)}`).join(',')}}`
}

/** Property values as JSON has them: instants as text. */
export function propsToJson(
  props: Readonly<Record<string, PropertyValue>>,
  schema: TableSchema,
): Record<string, unknown> {
  // Without a prototype, so that a property may be called __proto__.
  const json: Record<string, unknown> = Object.create(null)
  for (const { name, type } of schema.properties) {
    const value = props[name]
    if (value === undefined || value === null) continue
    const isInstant = type === 'timestamp' && typeof value === 'bigint'
    json[name] = isInstant ? microsToText(value) : toJsonValue(value)
  }
  return json
}

/** A node as JSON has it. */
export function nodeToJson(node: NodeId): unknown {
  return toJsonValue(node)
}
