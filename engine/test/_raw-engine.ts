import { ByteWriter } from '../lib/byte-writer.ts'
import { loadNative } from '../lib/native.ts'
import type { NativeDatabase } from '../lib/native-types.ts'

// The addon without the face over it: batches and plans by WIRE.md, as short as they may be.

export const native = loadNative()

export function createTable(): Uint8Array {
  const out = batch()
  out.u8(6)
  out.text('t')
  out.u16(0)
  out.u16(0)
  out.i64(0n)
  out.i64(2n ** 63n - 1n)
  out.u32(1000)
  return out.bytes()
}

/** So many hyperedges of one member each, in the table that came first. */
export function insertRows(count: number): Uint8Array {
  const out = batch()
  out.u8(1)
  out.u32(1)
  out.u32(count)
  out.u32(0b10001)
  out.align8()
  for (let row = 0; row < count; row++) out.i64(BigInt(row))
  out.align8()
  for (let row = 0; row <= count; row++) out.u32(row)
  out.u8(1)
  out.align8()
  for (let row = 0; row < count; row++) out.u32(row % 7)
  return out.bytes()
}

/** Ids and instants of all. */
export function findAll(): Uint8Array {
  const out = new ByteWriter()
  out.u32(0x31504748)
  out.u8(1)
  out.u32(0)
  out.i64(0n)
  out.i64(0n)
  out.u32(0)
  out.i64(0n)
  out.u32(1)
  out.i64(-(2n ** 63n))
  out.i64(2n ** 63n - 1n)
  out.u8(0)
  for (const [length] of [[0], [0], [0], [1]] as const) out.u32(length)
  out.u8(0)
  out.u8(0)
  out.u16(2)
  for (const column of [1, 2]) {
    out.u8(column)
    out.u16(0)
  }
  out.text('')
  return out.bytes()
}

function batch(): ByteWriter {
  const out = new ByteWriter()
  out.u32(0x31424748)
  out.u32(1)
  out.i64(0n)
  return out
}

/** A database with so many hyperedges. */
export async function openFilled(path: string, rows: number): Promise<NativeDatabase> {
  const database = await native.open(path, {})
  await native.commit(database, createTable(), 1)
  if (rows > 0) await native.commit(database, insertRows(rows), 1)
  return database
}
