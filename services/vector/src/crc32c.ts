/** CRC-32C (Castagnoli), eight bytes a step; zlib's crc32 is of another polynomial. */

const polynomial = 0x82f63b78
const tables = makeTables()

/** The checksum of the bytes, going on from that of the bytes before them. */
export function crc32c(bytes: Uint8Array, before = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables
  let crc = ~before
  let at = 0
  for (const end = bytes.length - 7; at < end; at += 8) {
    // All indices lie within; a typed array read there is a number.
    const low =
      crc ^
      ((bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24))
    crc =
      (t7[low & 0xff] as number) ^
      (t6[(low >>> 8) & 0xff] as number) ^
      (t5[(low >>> 16) & 0xff] as number) ^
      (t4[low >>> 24] as number) ^
      (t3[bytes[at + 4] as number] as number) ^
      (t2[bytes[at + 5] as number] as number) ^
      (t1[bytes[at + 6] as number] as number) ^
      (t0[bytes[at + 7] as number] as number)
  }
  for (; at < bytes.length; at += 1) {
    crc = (t0[(crc ^ (bytes[at] as number)) & 0xff] as number) ^ (crc >>> 8)
  }
  return ~crc >>> 0
}

type Tables = [
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
]

function makeTables(): Tables {
  const first = new Int32Array(256)
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1
    first[byte] = crc
  }
  const made = [first]
  for (let step = 1; step < 8; step += 1) {
    const before = made[step - 1] as Int32Array
    made.push(before.map((crc) => (first[crc & 0xff] as number) ^ (crc >>> 8)))
  }
  return made as Tables
}
