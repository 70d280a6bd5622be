import { Counter, Gauge, Histogram, Registry } from 'prom-client'

interface MetricOptions {
  readonly name: string
  readonly help: string
  readonly labelNames?: readonly string[]
}

export interface LabelledCount {
  readonly labels: Readonly<Record<string, string>>
  readonly count: number
}

/** The figures of one platform. Each has its own registry, so two in one process do not clash. */
export class Metrics {
  readonly #registry = new Registry()

  /** Makes the counter, or returns the one of this name. With `collect` that tells the sums, when asked. */
  counter(options: MetricOptions & { readonly collect?: () => Iterable<LabelledCount> }): Counter {
    const { collect, ...rest } = options
    const known = this.#known<Counter>(options.name)
    if (known) return known
    return new Counter({
      ...this.#configured(rest),
      ...(collect === undefined
        ? {}
        : {
            collect(this: Counter) {
              this.reset()
              for (const { labels, count } of collect()) this.inc({ ...labels }, count)
            },
          }),
    })
  }

  gauge(options: MetricOptions & { readonly collect?: () => number }): Gauge {
    const { collect, ...rest } = options
    const known = this.#known<Gauge>(options.name)
    if (known) return known
    return new Gauge({
      ...this.#configured(rest),
      ...(collect === undefined
        ? {}
        : {
            collect(this: Gauge) {
              this.set(collect())
            },
          }),
    })
  }

  histogram(options: MetricOptions & { readonly buckets?: readonly number[] }): Histogram {
    const { buckets, ...rest } = options
    const known = this.#known<Histogram>(options.name)
    if (known) return known
    return new Histogram({
      ...this.#configured(rest),
      ...(buckets === undefined ? {} : { buckets: [...buckets] }),
    })
  }

  /** The Prometheus text form, and its content type. */
  async render(): Promise<{ readonly text: string; readonly contentType: string }> {
    return { text: await this.#registry.metrics(), contentType: this.#registry.contentType }
  }

  // The caller asks for one kind per name; a name used for two kinds is a programmer's mistake.
  #known<T>(name: string): T | undefined {
    return this.#registry.getSingleMetric(name) as T | undefined
  }

  #configured(options: MetricOptions) {
    return {
      name: options.name,
      help: options.help,
      labelNames: [...(options.labelNames ?? [])],
      registers: [this.#registry],
    }
  }
}
