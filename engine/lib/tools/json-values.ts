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

/** Property values as JSON has them: instants as text. */
export function propsToJson(
  props: Readonly<Record<string, PropertyValue>>,
  schema: TableSchema,
): Record<string, unknown> {
  const json: Record<string, unknown> = {}
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
