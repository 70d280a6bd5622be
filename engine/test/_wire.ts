import { ByteWriter } from '../lib/byte-writer.ts'
import { Catalog, type TableLayout } from '../lib/schema.ts'

/** Reads what the encoders wrote, by WIRE.md alone. */
export class WireReader {
  readonly #view: DataView
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  u8(): number {
    return this.#view.getUint8(this.#skip(1))
  }
  u16(): number {
    return this.#view.getUint16(this.#skip(2), true)
  }
  u32(): number {
    return this.#view.getUint32(this.#skip(4), true)
  }
  i64(): bigint {
    return this.#view.getBigInt64(this.#skip(8), true)
  }
  u64(): bigint {
    return this.#view.getBigUint64(this.#skip(8), true)
  }
  f64(): number {
    return this.#view.getFloat64(this.#skip(8), true)
  }
  align8(): void {
    this.#at = (this.#at + 7) & ~7
  }
  utf8(bytes: number): string {
    const at = this.#skip(bytes)
    return new TextDecoder('utf-8', { fatal: true }).decode(this.#bytes.subarray(at, at + bytes))
  }
  text(): string {
    return this.utf8(this.u32())
  }
  many<Value>(count: number, read: () => Value): Value[] {
    return Array.from({ length: count }, read)
  }
  aligned<Value>(count: number, read: () => Value): Value[] {
    this.align8()
    return this.many(count, read)
  }

  nodes(count: number): (string | bigint)[] {
    const form = this.u8()
    if (form === 1) return this.aligned(count, () => BigInt(this.u32()))
    if (form === 2) return this.aligned(count, () => this.u64())
    const keyCount = this.u32()
    const isText = this.aligned(keyCount, () => this.u8())
    const values = this.aligned(keyCount, () => this.u64())
    const heapEnd = this.u32() + this.#at
    const keys = values.map((value, at) => (isText[at] === 1 ? this.utf8(Number(value)) : value))
    if (heapEnd !== this.#at) throw new Error('the heap has another length than its texts')
    return this.aligned(count, () => this.u32()).map((at) => keys[at] ?? '?')
  }

  rows() {
    const n = this.u32()
    const mask = this.u32()
    const has = (bit: number) => (mask & (1 << bit)) !== 0
    const at = has(0) ? this.aligned(n, () => this.i64()) : undefined
    const until = has(1) ? this.aligned(n, () => this.i64()) : undefined
    const weight = has(2) ? this.aligned(n, () => this.f64()) : undefined
    const label = has(3) ? this.#symbols(n, () => this.u32()) : undefined
    const offsets = has(4) ? this.aligned(n + 1, () => this.u32()) : []
    const memberCount = offsets.at(-1) ?? 0
    const nodes = has(4) ? this.nodes(memberCount) : []
    const members = offsets.slice(1).map((to, row) => nodes.slice(offsets[row], to))
    const roles = has(5) ? this.#symbols(memberCount, () => this.u8()) : undefined
    const key = has(6) ? this.#texts(n) : undefined
    const props = has(7) ? this.properties(n) : undefined
    return { n, at, until, weight, label, members, roles, key, props }
  }

  properties(n: number) {
    return this.many(this.u16(), () => {
      const property = this.u16()
      const type = this.u8()
      const present = this.u8() === 1 ? this.aligned(n, () => this.u8()) : undefined
      if (type === 4) return { property, type, present, values: this.#texts(n) }
      const values = this.aligned<bigint | number>(n, () => (type === 3 ? this.f64() : this.i64()))
      return { property, type, present, values }
    })
  }

  node(): string | bigint {
    return this.u8() === 0 ? this.u64() : this.text()
  }

  optional<Value>(read: () => Value): Value | undefined {
    return this.u8() === 1 ? read() : undefined
  }

  column(): string {
    return `${this.u8()}/${this.u16()}`
  }

  filter(): unknown {
    const form = this.u8()
    if (form === 4) return { not: this.filter() }
    if (form !== 1)
      return { [form === 2 ? 'and' : 'or']: this.many(this.u32(), () => this.filter()) }
    const column = this.column()
    const op = this.u8()
    return [column, op, ...this.many(this.u32(), () => this.#value())]
  }

  selection() {
    return {
      table: this.u32(),
      from: this.i64(),
      to: this.i64(),
      validAt: this.optional(() => this.i64()),
      ids: this.many(this.u32(), () => this.u64()),
      keys: this.many(this.u32(), () => this.text()),
      members: this.many(this.u32(), () => [this.node(), this.optional(() => this.text())]),
      atLeast: this.u32(),
      filter: this.optional(() => this.filter()),
    }
  }

  #value(): bigint | number | string {
    const type = this.u8()
    return type === 1 ? this.i64() : type === 2 ? this.f64() : this.text()
  }

  #symbols(n: number, code: () => number): (string | null)[] {
    const names = this.many(this.u32(), () => this.text())
    return this.aligned(n, code).map((k) => (k === 0 ? null : (names[k - 1] ?? '?')))
  }

  #texts(n: number): string[] {
    const offsets = this.aligned(n + 1, () => this.u32())
    return offsets.slice(1).map((to, row) => this.utf8(to - (offsets[row] ?? 0)))
  }

  #skip(bytes: number): number {
    const at = this.#at
    this.#at += bytes
    return at
  }
}

/** A result as the core writes it. */
export function resultBytes(
  rowCount: number,
  columns: readonly {
    readonly type: number
    readonly kind: number
    readonly property?: number
    readonly values: ArrayBufferView
    readonly count: number
    readonly offsets?: Uint32Array
    readonly validity?: Uint8Array
    readonly keys?: Uint32Array
  }[],
): ArrayBuffer {
  const writer = new ByteWriter()
  writer.u32(0x3152_4748)
  writer.u32(1)
  writer.u32(rowCount)
  writer.u32(columns.length)
  writer.u32(1)
  const cursorAt = writer.skip(8)
  writer.u32(0)
  writer.f64(42)
  writer.f64(7)
  writer.f64(1500)
  writer.int(0)
  const table = writer.skip(columns.length * 32)
  for (let at = table; at < writer.length; at += 4) writer.patchU32(at, 0)
  const put = (array: ArrayBufferView): number => {
    writer.align8()
    const at = writer.length
    writer.array(array)
    return at
  }
  columns.forEach((column, place) => {
    const { type, kind, property = 0, values, count, offsets, validity, keys } = column
    const at = table + place * 32
    writer.patchU32(at, type | (kind << 8) | (property << 16))
    writer.patchU32(at + 4, put(values))
    writer.patchU32(at + 8, count)
    if (offsets !== undefined) writer.patchU32(at + 12, put(offsets))
    if (validity !== undefined) writer.patchU32(at + 16, put(validity))
    if (keys !== undefined) writer.patchU32(at + 20, put(keys))
  })
  writer.patchU32(cursorAt, put(new Uint8Array([1, 2, 255])))
  writer.patchU32(cursorAt + 4, 3)
  return writer.bytes().slice().buffer
}

/** A table `calls` with a property of each type. */
export function callsLayout(): TableLayout {
  const properties = ['flag', 'count', 'amt', 'kind', 'seen'].map((name, at) => ({
    name,
    type: at + 1,
  }))
  const table = { id: 7, name: 'calls', properties, indexes: [], ttl: null, history: null }
  const json = JSON.stringify({ version: 1, tables: [{ ...table, arityMax: 5 }] })
  const layout = new Catalog(json).find('calls')
  if (layout === undefined) throw new Error('no table')
  return layout
}
