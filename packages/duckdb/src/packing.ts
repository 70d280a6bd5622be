import type { Compression } from '@hypermesh/contract'

export type Packing = Exclude<Compression, 'none'>

const magics: Readonly<Record<Packing, readonly number[]>> = {
  gzip: [0x1f, 0x8b],
  zstd: [0x28, 0xb5, 0x2f, 0xfd],
}
const endings: Readonly<Record<string, Packing>> = {
  gz: 'gzip',
  gzip: 'gzip',
  zst: 'zstd',
  zstd: 'zstd',
}

/** The name without the ending that says how the file is packed, and that packing. */
export function packedName(name: string): { readonly name: string; readonly packing?: Packing } {
  const [, plain = '', ending = ''] = /^(.*)\.([A-Za-z]{2,4})$/s.exec(name) ?? []
  const key = ending.toLowerCase()
  const packing = Object.hasOwn(endings, key) ? endings[key] : undefined
  return packing === undefined ? { name } : { name: plain, packing }
}

/** The packing whose magic number these bytes begin with. */
export function packingOf(start: Uint8Array): Packing | undefined {
  const packings = Object.keys(magics) as Packing[]
  return packings.find((each) => magics[each].every((byte, index) => start[index] === byte))
}
