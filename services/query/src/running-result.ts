import type { CallDetail, ScanDetail, ScanFacts } from '@hypermesh/contract'
import type { EncodedTotals } from '@hypermesh/duckdb'
import type { TidySession } from './kept-sessions.ts'

export interface ResultBody {
  /** Known at once where the result was short, and in any case after the last byte. */
  readonly totals: EncodedTotals | undefined
  /** All its pieces, where they are here. */
  readonly whole?: readonly Uint8Array[] | undefined
  bytes(): AsyncGenerator<Uint8Array, void, undefined>
}

/** Of a result in pages. */
export interface Paging {
  readonly next: string | null
  readonly totalRows: number
}

/** What the ways to answer a statement have in common. */
export interface StartedResult {
  readonly columns: readonly { readonly name: string; readonly type: string }[]
  readonly facts: ScanFacts & {
    readonly scans?: readonly ScanDetail[]
    readonly calls?: readonly CallDetail[]
  }
  readonly body: ResultBody
  readonly paging?: Paging
  /** Once the body has ended, whole, the session may serve another statement after this. */
  readonly tidySession?: TidySession | undefined
  /** Frees what the body holds beside the statement's sessions. */
  close?(): Promise<void>
}

/** A result whose first bytes are there. Whoever gets it reads the body to its end or closes it. */
export interface RunningResult extends StartedResult, AsyncDisposable {
  readonly queryId: string
  /** Aborts at the statement's deadline and when the client goes away. */
  readonly signal: AbortSignal
  elapsedMs(): number
}
