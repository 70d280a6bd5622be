import type { HyperMeshClient, TableReader } from '@hypermesh/client'
import type { Limits } from '@hypermesh/contract'
import type { ScanFilter, StagedColumn, TableCall } from '@hypermesh/duckdb'

/** Who else is asked for a statement, as its caller may use them. */
export interface Peers {
  readonly catalog: TableReader
  readonly vector: HyperMeshClient
  readonly graph: HyperMeshClient
}

export interface AnswerColumn {
  readonly name: string
  /** DuckDB's name. */
  readonly type: string
}

export interface AnswerContext {
  readonly peers: Peers
  readonly columns: readonly AnswerColumn[]
  readonly filter: ScanFilter | undefined
  readonly limits: Limits
  readonly signal: AbortSignal
}

/** What a function gives, in the order that a statement without ORDER BY sees. */
export type Answer = {
  /** What of the statement the service was asked for, so that the rest never came; null: nothing. */
  readonly pushed: string | null
} & (
  | { readonly rows: readonly Readonly<Record<string, unknown>>[] }
  | {
      /** An Arrow stream. */
      readonly arrow: ReadableStream<Uint8Array>
      /** The query that makes the answer's columns of a table with those of the stream. */
      readonly select: (table: string, staged: readonly StagedColumn[]) => string
    }
)

/** A function in FROM that a service beside this one answers. */
export interface TableFunction {
  /** As a statement calls it, lower case. */
  readonly name: string
  /**
   * What its table looks like, before it is asked for rows. Arguments may be null where a statement
   * is only checked.
   */
  columns(call: TableCall, peers: Peers, signal: AbortSignal): Promise<readonly AnswerColumn[]>
  /**
   * Its rows, by the names of the columns. Rows that fail the filter do not matter to the statement:
   * they may be left out, and need not be. Not to be used where rows count among each other, as the
   * nearest do.
   */
  answer(call: TableCall, context: AnswerContext): Promise<Answer>
}
