/** One index over a set of data, through its public JavaScript interface, on one thread. */
export interface VectorContender {
  readonly name: string
  /** CPU seconds. */
  readonly buildSeconds: number
  /** For the candidates of a search; called before, and outside of what is timed. */
  setEf(ef: number): void
  /** The nearest ten of a query, by its number. */
  search(query: number): ArrayLike<number | bigint>
  close(): void
}

export const k = 10
export const m = 16
export const efConstruction = 200

export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
