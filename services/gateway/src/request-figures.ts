import type { Metrics } from '@hypermesh/kit'

export interface RequestEnd {
  /** One of a few, as the labels of figures must be; so with the route. */
  readonly method: string
  readonly route: string
  readonly status: number
  readonly ms: number
  readonly bytes: number
}

interface Tally {
  readonly labels: Readonly<Record<string, string>>
  count: number
}

/** Upper bounds, in seconds. */
const buckets = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000]

interface Spread {
  readonly labels: Readonly<Record<string, string>>
  readonly counts: number[]
  sum: number
}

/** The figures of all requests. Sums are kept here and told when somebody asks for them. */
export class RequestFigures {
  readonly #requests = new Map<string, Tally>()
  readonly #bytes = new Map<string, Tally>()
  readonly #seconds = new Map<string, Spread>()
  #openCount = 0

  constructor(metrics: Metrics) {
    metrics.counter({
      name: 'hypermesh_http_requests_total',
      help: 'Requests answered, by route and status.',
      labelNames: ['method', 'route', 'status'],
      collect: () => this.#requests.values(),
    })
    metrics.histogram({
      name: 'hypermesh_http_request_seconds',
      help: 'From the request to the last byte of its answer.',
      labelNames: ['method', 'route'],
      buckets,
      collect: () => this.#seconds.values(),
    })
    metrics.counter({
      name: 'hypermesh_http_response_bytes_total',
      help: 'Bytes of answers.',
      labelNames: ['route'],
      collect: () => this.#bytes.values(),
    })
    metrics.gauge({
      name: 'hypermesh_http_requests_open',
      help: 'Requests whose answer has not ended.',
      collect: () => this.#openCount,
    })
  }

  opened(): void {
    this.#openCount += 1
  }

  ended({ method, route, status, ms, bytes }: RequestEnd): void {
    this.#openCount -= 1
    add(this.#requests, `${method} ${status} ${route}`, 1, () => {
      return { method, route, status: String(status) }
    })
    add(this.#bytes, route, bytes, () => ({ route }))
    this.#took(method, route, ms / 1000)
  }

  #took(method: string, route: string, seconds: number): void {
    const key = `${method} ${route}`
    let spread = this.#seconds.get(key)
    if (spread === undefined) {
      spread = { labels: { method, route }, counts: new Array(buckets.length + 1).fill(0), sum: 0 }
      this.#seconds.set(key, spread)
    }
    const place = placeOf(seconds)
    spread.counts[place] = (spread.counts[place] ?? 0) + 1
    spread.sum += seconds
  }
}

function placeOf(seconds: number): number {
  let place = 0
  while (place < buckets.length && seconds > (buckets[place] as number)) place += 1
  return place
}

function add(
  tallies: Map<string, Tally>,
  key: string,
  count: number,
  labels: () => Tally['labels'],
): void {
  const tally = tallies.get(key)
  if (tally === undefined) tallies.set(key, { labels: labels(), count })
  else tally.count += count
}
