import type { Limits } from '@hypermesh/contract'
import type { Database, Selection } from '@hypermesh/engine'
import type { z } from 'zod'
import type { AnalyticsThreads } from './analytics-threads.ts'
import type { ColumnType, Figure, Progress } from './computation.ts'
import type { MeasureName } from './computations.ts'
import type { Need } from './load-hypergraph.ts'
import { type MeasureDefinition, measureDefinitions } from './measure-definitions.ts'
import { runMeasure } from './run-measure.ts'

/** What a measure is taken of. */
export interface MeasureTarget {
  readonly engine: Database
  readonly table: string
  readonly threads: AnalyticsThreads
  readonly limits: Limits
}

/** Which part of the table, how, and how much of the answer. */
export interface MeasureRequest {
  /** The window and other conditions; absent: the whole table. */
  readonly selection?: Selection
  /** The past: the number of a commit, or an instant. */
  readonly asOf?: number | string
  /** Hyperedges with more members are left out, which the answer says. */
  readonly sizeMax?: number
  /** The most rows; 1,000 unless said. */
  readonly limit?: number
  /** Checked here by the schema of the measure. */
  readonly options?: unknown
  /** Aborts at the deadline as well. */
  readonly signal: AbortSignal
  readonly onProgress?: (progress: Progress) => void
}

/** Nodes are keys, hyperedges ids, timestamps bigints of microseconds; null where there is no value. */
export type MeasureCell = Figure | bigint

export interface MeasureColumn {
  readonly name: string
  readonly type: ColumnType
}

export interface MeasureResult {
  readonly measure: MeasureName
  readonly columns: readonly MeasureColumn[]
  /** The greatest first, at most `limit`. */
  readonly rows: readonly (readonly MeasureCell[])[]
  /** How many rows there are in all. */
  readonly rowCount: number
  readonly summary: Readonly<Record<string, Figure>>
  /** How the figures were estimated; null: they are exact. */
  readonly approximate: string | null
  /** The options as they were understood. */
  readonly options: Readonly<Record<string, unknown>>
  readonly nodes: number
  readonly hyperedges: number
  readonly incidences: number
  /** Hyperedges that `sizeMax` left out. */
  readonly leftOut: number
  /** The commit that was read. */
  readonly seq: number
  readonly elapsedMs: number
}

/** A measure of a hypergraph: what HTTP and CALL of the query language offer. */
export interface Measure {
  readonly name: MeasureName
  /** Other names that it goes by. */
  readonly aliases: readonly string[]
  readonly summary: string
  /** The paper or text that defines it. */
  readonly source: string
  readonly options: z.ZodObject
  /** With `of: 'hyperedges'` the first is `hyperedge_id`. */
  readonly columns: readonly MeasureColumn[]
  readonly needs: readonly Need[]
  /** The columns that come of these options, as far as they are good. */
  columnsWith(options: Readonly<Record<string, unknown>>): readonly MeasureColumn[]
  run(target: MeasureTarget, request: MeasureRequest): Promise<MeasureResult>
}

/** Every measure, by its name and by its aliases. */
export const measures: ReadonlyMap<string, Measure> = new Map(
  Object.entries(measureDefinitions).flatMap(([name, definition]) => {
    // The record has exactly these names.
    const measure = toMeasure(name as MeasureName, definition)
    return [name, ...measure.aliases].map((known): [string, Measure] => [known, measure])
  }),
)

function toMeasure(name: MeasureName, definition: MeasureDefinition): Measure {
  const columns = Object.entries(definition.columns).map(([column, type]) => ({
    name: column,
    type,
  }))
  const measure: Measure = {
    name,
    aliases: definition.aliases ?? [],
    summary: definition.summary,
    source: definition.source,
    options: definition.options,
    columns,
    needs: definition.needs ?? [],
    columnsWith: ({ of, weighted }) =>
      columns.map((column): MeasureColumn => {
        if (column.name === 'degree' && weighted === true) return { ...column, type: 'double' }
        if (column.type !== 'node' || of !== 'hyperedges') return column
        return { name: column.name === 'node' ? 'hyperedge_id' : column.name, type: 'hyperedge' }
      }),
    run: (target, request) => runMeasure(measure, target, request),
  }
  return measure
}
