import type { ArrayBudget } from './array-budget.ts'
import type { Hypergraph } from './hypergraph.ts'

/** How far a run has come; the fraction is of its phase. */
export interface Progress {
  readonly phase: string
  readonly fraction: number
}

/** What a computation works with. It is ended from outside: by the end of its thread. */
export interface Run {
  readonly budget: ArrayBudget
  /** The most rows of the outcome. */
  readonly rowsMax: number
  /** From how many items a measure of all pairs may start its searches. */
  readonly sourcesMax: number
  progress(phase: string, fraction: number): void
}

/** `node` and `hyperedge`: numbers of this hypergraph; `timestamp`: microseconds. */
export type ColumnType =
  | 'node'
  | 'hyperedge'
  | 'integer'
  | 'double'
  | 'boolean'
  | 'text'
  | 'timestamp'

export interface OutcomeColumn {
  readonly name: string
  readonly type: ColumnType
  /** NaN: null. */
  readonly values: ArrayLike<number | string | boolean | null>
}

export type Figure = number | string | boolean | null

/** What a computation found, in the hypergraph's own numbers. */
export interface Outcome {
  readonly columns: readonly OutcomeColumn[]
  /** Rows there are, of which `columns` have the first. */
  readonly rowCount: number
  /** Figures of the whole. */
  readonly summary: Readonly<Record<string, Figure>>
  /** How the figures were estimated; null: they are exact. */
  readonly approximate: string | null
}

export type Computation<Options> = (hypergraph: Hypergraph, options: Options, run: Run) => Outcome

/** An outcome of one row. */
export function oneRow(
  figures: Readonly<Record<string, readonly [ColumnType, Figure]>>,
  summary: Readonly<Record<string, Figure>> = {},
): Outcome {
  const columns = Object.entries(figures).map(([name, [type, value]]) => {
    return { name, type, values: [value] }
  })
  return { columns, rowCount: 1, summary, approximate: null }
}
