import type { HyperMeshClient } from '@hypermesh/client'
import type { ScanFilter, TableCall } from '@hypermesh/duckdb'

/** Who else is asked for a statement, as its caller may use them. */
export interface Peers {
  readonly catalog: HyperMeshClient
  readonly vector: HyperMeshClient
}

export interface AnswerColumn {
  readonly name: string
  /** DuckDB's name. */
  readonly type: string
}

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
   * Its rows, by the names of the columns, in the order that a statement without ORDER BY sees. Rows
   * that fail the filter do not matter to the statement: they may be left out, and need not be. Not to
   * be used where rows count among each other, as the nearest do.
   */
  rows(
    call: TableCall,
    context: {
      readonly peers: Peers
      readonly columns: readonly AnswerColumn[]
      readonly filter: ScanFilter | undefined
      readonly signal: AbortSignal
    },
  ): Promise<readonly Readonly<Record<string, unknown>>[]>
}
