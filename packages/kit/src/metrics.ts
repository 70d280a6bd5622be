import {
  Counter,
  Gauge,
  Histogram,
  type HistogramConfiguration,
  type MetricValueWithName,
  Registry,
} from 'prom-client'

interface MetricOptions {
  readonly name: string
  readonly help: string
  readonly labelNames?: readonly string[]
}

export interface LabelledCount {
  readonly labels: Readonly<Record<string, string>>
  readonly count: number
}

/** What was measured under the same labels. */
export interface LabelledSpread {
  readonly labels: Readonly<Record<string, string>>
  /** One for each bound, and one for what is above all. */
  readonly counts: readonly number[]
  readonly sum: number
}

interface SpreadOptions extends MetricOptions {
  /** Upper bounds, ascending. */
  readonly buckets: readonly number[]
  readonly collect: () => Iterable<LabelledSpread>
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

  /** `collect` tells what was counted, when asked: to look labels up for each value takes longer than to count it. */
  histogram(options: SpreadOptions): void {
    const { buckets, collect, ...rest } = options
    if (this.#known(options.name)) return
    new CollectedHistogram({ ...this.#configured(rest), buckets: [...buckets] }, collect)
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

interface ToldValue extends MetricValueWithName<string> {
  readonly sharedLabels: Readonly<Record<string, string>>
}

/** Tells counts that somebody else keeps. */
class CollectedHistogram extends Histogram {
  readonly #config: HistogramConfiguration<string>
  readonly #collect: () => Iterable<LabelledSpread>

  constructor(config: HistogramConfiguration<string>, collect: () => Iterable<LabelledSpread>) {
    super(config)
    this.#config = config
    this.#collect = collect
  }

  /** What `get` and the registry ask for; it is not among the types. */
  async getForPromString() {
    const { name, help, buckets = [] } = this.#config
    const values: ToldValue[] = []
    for (const { labels, counts, sum } of this.#collect()) {
      // The registry has two objects of labels, and merges them into the first.
      const told = { sharedLabels: labels }
      let count = 0
      for (const [place, le] of [...buckets, '+Inf'].entries()) {
        count += counts[place] ?? 0
        values.push({ ...told, metricName: `${name}_bucket`, labels: { le }, value: count })
      }
      values.push({ ...told, metricName: `${name}_sum`, labels: {}, value: sum })
      values.push({ ...told, metricName: `${name}_count`, labels: {}, value: count })
    }
    return { name, help, type: 'histogram', values, aggregator: 'sum' }
  }
}
