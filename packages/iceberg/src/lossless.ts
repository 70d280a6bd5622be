import { HyperMeshError } from '@hypermesh/contract'
import { isSafeNumber, parse, stringify } from 'lossless-json'

/**
 * Parses JSON so that no integer is rounded: one beyond 2^53 becomes a bigint, never a bigint that
 * a number could hold. Spark and PyIceberg mint snapshot ids of 63 bits.
 */
export function parseJson(text: string): unknown {
  try {
    // Without a run of 16 digits no integer can be inexact, and the native parser is right.
    if (!/\d{16}/.test(text)) return JSON.parse(text)
    return parse(text, undefined, parseNumber)
  } catch (cause) {
    throw new HyperMeshError('invalid', 'the text is not JSON', { cause })
  }
}

/** The inverse of `parseJson`: bigints are written as plain integers. */
export function stringifyJson(value: unknown): string {
  const text = hasBigint(value) ? stringify(value) : JSON.stringify(value)
  if (text === undefined) throw new HyperMeshError('internal', 'the value has no JSON form')
  return text
}

function parseNumber(text: string): number | bigint {
  if (/^-?\d+$/.test(text) && !isSafeNumber(text)) {
    const exact = BigInt(text)
    const rounded = Number(exact)
    return Number.isSafeInteger(rounded) ? rounded : exact
  }
  return Number(text)
}

function hasBigint(value: unknown): boolean {
  if (typeof value === 'bigint') return true
  if (typeof value !== 'object' || value === null) return false
  for (const item of Object.values(value)) if (hasBigint(item)) return true
  return false
}
