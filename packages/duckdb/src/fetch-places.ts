/**
 * A fetch of rows holds a thread of libuv's pool while DuckDB works, and files are read on the same
 * threads. So only so many fetches are under way in the process, and some threads are always left.
 */
export class FetchPlaces {
  readonly max: number
  readonly #waiting: (() => void)[] = []
  #held = 0

  constructor(max: number) {
    this.max = Math.max(1, max)
  }

  get heldCount(): number {
    return this.#held
  }

  get waitingCount(): number {
    return this.#waiting.length
  }

  /** Runs the fetch when it is its turn; first come, first served. */
  async run<T>(fetch: () => Promise<T>): Promise<T> {
    if (this.#held < this.max) this.#held += 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await fetch()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#held -= 1
      else next()
    }
  }
}

/** Threads left to files and names. */
const threadsLeft = 2
/** What libuv takes where the setting does not say. */
const threadsUsual = 4

/** Of this process. libuv has read the setting before this module is loaded. */
export const fetchPlaces = new FetchPlaces(
  // biome-ignore lint/style/noProcessEnv: it is libuv's own setting, which no file of ours can hold.
  Number(process.env.UV_THREADPOOL_SIZE ?? threadsUsual) - threadsLeft,
)
