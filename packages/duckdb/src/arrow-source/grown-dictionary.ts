import { HyperMeshError, printable } from '@hypermesh/contract'
import type { ArrowVector } from './arrow-vector.ts'
import { isSet } from './vector-writer.ts'

/** The values of a dictionary with those that a later batch adds to it. */
export function growDictionary(first: ArrowVector, more: ArrowVector): ArrowVector {
  const isNested = first.field.children.length > 0
  const isView = 'layout' in first.type && first.type.layout === 'view'
  if (isNested || isView || first.type.kind === 'bool' || first.dictionary !== undefined) {
    throw new HyperMeshError(
      'unsupported',
      `the dictionary of column "${printable(first.field.name)}" grows within the file; write it whole`,
    )
  }
  const length = first.length + more.length
  const kept = first.offsets[first.length] ?? 0
  const [start, added] = [first.buffers[0], more.buffers[0]].map(
    (bytes) => bytes ?? new Uint8Array(0),
  )
  const isText = first.offsets.length > 0
  const bytes = Buffer.concat([
    (start ?? new Uint8Array(0)).subarray(0, isText ? kept : undefined),
    added ?? new Uint8Array(0),
  ])
  const offsets = new Float64Array(isText ? length + 1 : 0)
  for (let index = 0; index < offsets.length; index += 1) {
    const isFirst = index <= first.length
    const own = isFirst ? first.offsets[index] : more.offsets[index - first.length]
    offsets[index] = (own ?? 0) + (isFirst ? 0 : kept)
  }
  return { ...first, length, buffers: [bytes], offsets, validity: joinValidity(first, more) }
}

function joinValidity(first: ArrowVector, more: ArrowVector): Uint8Array | undefined {
  if (first.validity === undefined && more.validity === undefined) return undefined
  const bits = new Uint8Array(Math.ceil((first.length + more.length) / 8))
  for (let index = 0; index < first.length + more.length; index += 1) {
    const isFirst = index < first.length
    const [from, at] = isFirst ? [first, index] : [more, index - first.length]
    if (isSet(from.validity, at)) bits[index >> 3] = (bits[index >> 3] ?? 0) | (1 << (index & 7))
  }
  return bits
}
