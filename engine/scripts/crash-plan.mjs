// What crash-writer.mjs commits, as a function of a seed and the operation's number, so that crash.mjs
// knows what has to be there from nothing but the last number.
//
// Operation n inserts the rows of batch n. Every fifth, from `keep` on, is mixed: it deletes the five
// batches that are `keep` before it and gives the rows of an older batch another weight, in one commit.

/** Small, so that there is a flush every few commits and a merge every few flushes. */
export const limits = {
  memtableRecordsMax: 200,
  segmentRecordsMax: 1000,
  logAllocateBytes: 16_384,
}

/** A multiple of five. */
export const keep = 60

export function isMixed(number) {
  return number >= keep && number % 5 === 0
}

/** The batch that a mixed operation gives its own number as weight. */
export function reweighs(number) {
  return number - 30
}

export function rowsOf(seed, number) {
  const count = countOf(seed, number)
  return Array.from({ length: count }, (_, row) => ({
    at: number,
    members: { from: [number % 97], to: [`m${row}`] },
    label: `l${number % 5}`,
    key: `${number}/${row}`,
    props: { rows: count, note: 'x'.repeat((number * row) % 50) },
  }))
}

/** Mostly few, sometimes many. */
export function countOf(seed, number) {
  const drawn = mix(Math.imul(seed, 0x9e3779b1) + number)
  return drawn % 16 === 0 ? 1 + ((drawn >>> 8) % 300) : 1 + ((drawn >>> 8) % 20)
}

/** 32 bits that look random (the finalizer of MurmurHash3). */
export function mix(value) {
  let bits = value | 0
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}

/** −1: none. */
export function newestOf(table) {
  return table.findSync({ newestFirst: true, limit: 1 }).eventTsMs[0] ?? -1
}

export function idsOfBatch(table, number) {
  return [...table.findSync({ from: number, to: number + 1 }).ids]
}

/** Each row that is there after the operations 0 … last, as `key weight`, in order. */
export function expectedRows(seed, last) {
  const mixed = last >= keep ? last - (last % 5) : undefined
  const first = mixed === undefined ? 0 : mixed - keep + 5
  const rows = []
  for (let number = first; number <= last; number++) {
    const by = number + 30
    const weight = isMixed(by) && by <= last ? by : 1
    for (let row = 0; row < countOf(seed, number); row++) rows.push(`${number}/${row} ${weight}`)
  }
  return rows
}
