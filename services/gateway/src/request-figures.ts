import type { Metrics } from '@hypermesh/kit'

export interface RequestEnd {
  /** One of a few, as the labels of figures must be; so with the route. */
  readonly method: string
  readonly route: string
  readonly status: number
  readonly ms: number
  readonly bytes: number
}

/** Upper bounds, in seconds. */
const buckets = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000]

/** Of one method of a route. */
interface MethodFigures {
  readonly statuses: Map<number, number>
  readonly counts: number[]
  seconds: number
}

interface RouteFigures {
  readonly methods: Map<string, MethodFigures>
  bytes: number
}

/**
 * The figures of all requests. Sums are kept here, by labels as they come, since to make one key of several
 * takes longer than to count, and are told when somebody asks for them.
 */
export class RequestFigures {
  readonly #routes = new Map<string, RouteFigures>()
  #openCount = 0

  constructor(metrics: Metrics) {
    metrics.counter({
      name: 'hypermesh_http_requests_total',
      help: 'Requests answered, by route and status.',
      labelNames: ['method', 'route', 'status'],
      collect: () => this.#requests(),
    })
    metrics.histogram({
      name: 'hypermesh_http_request_seconds',
      help: 'From the request to the last byte of its answer.',
      labelNames: ['method', 'route'],
      buckets,
      collect: () => this.#times(),
    })
    metrics.counter({
      name: 'hypermesh_http_response_bytes_total',
      help: 'Bytes of answers.',
      labelNames: ['route'],
      collect: () => this.#bytes(),
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
    let ofRoute = this.#routes.get(route)
    if (ofRoute === undefined) {
      ofRoute = { methods: new Map(), bytes: 0 }
      this.#routes.set(route, ofRoute)
    }
    ofRoute.bytes += bytes
    let ofMethod = ofRoute.methods.get(method)
    if (ofMethod === undefined) {
      const counts = new Array<number>(buckets.length + 1).fill(0)
      ofMethod = { statuses: new Map(), counts, seconds: 0 }
      ofRoute.methods.set(method, ofMethod)
    }
    const { statuses, counts } = ofMethod
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
    const place = placeOf(ms / 1000)
    counts[place] = (counts[place] ?? 0) + 1
    ofMethod.seconds += ms / 1000
  }

  *#requests() {
    for (const { method, route, statuses } of this.#methods()) {
      for (const [status, count] of statuses) {
        yield { labels: { method, route, status: String(status) }, count }
      }
    }
  }

  *#times() {
    for (const { method, route, counts, seconds } of this.#methods()) {
      yield { labels: { method, route }, counts, sum: seconds }
    }
  }

  *#bytes() {
    for (const [route, { bytes }] of this.#routes) yield { labels: { route }, count: bytes }
  }

  *#methods() {
    for (const [route, { methods }] of this.#routes) {
      for (const [method, figures] of methods) yield { method, route, ...figures }
    }
  }
}

function placeOf(seconds: number): number {
  let place = 0
  while (place < buckets.length && seconds > (buckets[place] as number)) place += 1
  return place
}
