import { HyperMeshError, printable } from '@hypermesh/contract'
import type { NodeId } from '@hypermesh/engine'

/** Turns `{"int": "<digits>"}` into a bigint; the rest is left as it is, for the engine to check. */
export function fromJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const { int } = value as { readonly int?: unknown }
  if (typeof int !== 'string' || Object.keys(value).length !== 1) return value
  if (/^-?\d{1,20}$/.test(int)) return BigInt(int)
  throw new HyperMeshError('invalid', `"${printable(int)}" is no integer`)
}

/** The same where a node stands; the engine checks what it is. */
export function toNode(value: unknown): NodeId {
  return fromJson(value) as NodeId
}

/** A node of a path or a query string: digits are an integer, a text in double quotes is a text. */
export function textToNode(text: string): NodeId {
  if (/^\d{1,20}$/.test(text)) {
    const number = Number(text)
    return Number.isSafeInteger(number) ? number : BigInt(text)
  }
  if (!(text.length > 1 && text.startsWith('"') && text.endsWith('"'))) return text
  try {
    return JSON.parse(text) as string
  } catch (error) {
    const message = `the node ${printable(text)} is no text in JSON’s quotes`
    throw new HyperMeshError('invalid', message, { cause: error })
  }
}

/** A value of a column as JSON text; integers that JSON cannot hold are `{"int": "<digits>"}`. */
export function toJsonText(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value)
  if (typeof value === 'bigint') return `{"int":"${value}"}`
  return value === null || value === undefined ? 'null' : String(value)
}
