/** Microseconds since 1970 as ISO 8601; undefined where a calendar does not reach. */
export function microsText(micros: number | bigint): string | undefined {
  const exact = BigInt(micros)
  const fraction = ((exact % 1000n) + 1000n) % 1000n
  const milliseconds = Number((exact - fraction) / 1000n)
  if (Math.abs(milliseconds) > 8.64e15) return undefined
  const text = new Date(milliseconds).toISOString()
  return fraction === 0n ? text : `${text.slice(0, -1)}${String(fraction).padStart(3, '0')}Z`
}
