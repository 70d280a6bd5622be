import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Database } from '@hypermesh/engine'
import { defaultLimits } from '@hypermesh/kit'
import { AnalyticsThreads } from '../../src/analytics/analytics-threads.ts'
import { type MeasureRequest, type MeasureResult, measures } from '../../src/analytics/measures.ts'

export const fixtureNames = ['small', 'medium'] as const
type FixtureName = (typeof fixtureNames)[number]

export interface FixtureHyperedge {
  readonly at: number
  readonly weight: number
  readonly members: string[]
}

type Values = Readonly<Record<string, number | null>>

interface Walks {
  readonly edges: number
  readonly components: number[]
  readonly diameter: number
  readonly from_first: Values
  readonly betweenness: Values
  readonly closeness: Values
  readonly harmonic: Values
}

/** What make-expected.py says. */
export interface Expected {
  readonly [name: string]: unknown
  readonly redundancy: { readonly nodes: Values; readonly hyperedges: Values }
  readonly walks: Readonly<Record<string, Walks>>
  readonly overlap: { readonly pairs: number; readonly mean: number }
  readonly community: Readonly<Record<string, number>>
  readonly connected_hyperedges: FixtureHyperedge[]
  readonly motifs: Readonly<
    Record<string, Readonly<Record<string, Readonly<Record<string, number>>>>>
  >
}

export interface Fixture {
  readonly hyperedges: FixtureHyperedge[]
  readonly expected: Expected
}

export async function readFixture(name: FixtureName): Promise<Fixture> {
  const text = await readFile(new URL(`./${name}.jsonl`, import.meta.url), 'utf8')
  const [hyperedges, expected] = text.split('\n')
  // The script writes them in this form.
  return { hyperedges: JSON.parse(hyperedges ?? ''), expected: JSON.parse(expected ?? '') }
}

type Asked = Partial<MeasureRequest> & { readonly [option: string]: unknown }

/** A database with tables, whose measures are asked for as routes do. */
export class AnalyticsBench implements AsyncDisposable {
  readonly engine: Database
  readonly threads: AnalyticsThreads
  readonly #directory: string

  private constructor(engine: Database, threads: AnalyticsThreads, directory: string) {
    this.engine = engine
    this.threads = threads
    this.#directory = directory
  }

  static async open(): Promise<AnalyticsBench> {
    const directory = await mkdtemp(join(tmpdir(), 'hypermesh-analytics-'))
    const engine = await Database.open(join(directory, 'db'), { durability: 'os' })
    return new AnalyticsBench(engine, new AnalyticsThreads(defaultLimits), directory)
  }

  /** Returns the ids of the hyperedges. */
  async fill(table: string, hyperedges: readonly FixtureHyperedge[]): Promise<number[]> {
    const created = await this.engine.createTable(table)
    if (hyperedges.length === 0) return []
    return Array.from((await created.insertMany(hyperedges)).ids)
  }

  async take(
    table: string,
    name: string,
    options: Readonly<Record<string, unknown>> = {},
    request: Asked = {},
  ): Promise<MeasureResult> {
    const measure = measures.get(name)
    if (measure === undefined) throw new Error(`no measure ${name}`)
    const { engine, threads } = this
    const target = { engine, table, threads, limits: defaultLimits }
    const signal = new AbortController().signal
    return measure.run(target, { limit: 10_000, signal, ...request, options })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.threads[Symbol.asyncDispose]()
    await this.engine.close()
    await rm(this.#directory, { recursive: true, force: true })
  }
}

/** Item → the value in a column, the second unless said. */
export function byItem({ rows }: MeasureResult, column = 1): Record<string, unknown> {
  return Object.fromEntries(rows.map((row) => [String(row[0]), row[column]]))
}
