import type { Limits } from '@hypermesh/contract'
import type { ColumnBatch, CommitReceipt } from '@hypermesh/engine'
import type { GraphDatabase } from '../graph-database.ts'
import type { CallProcedure } from '../language/syntax-tree.ts'
import { tooLarge } from './query-error.ts'
import type { Value, ValueType } from './value-type.ts'

export interface ResultColumn {
  readonly name: string
  readonly type: ValueType
}

export type Row = readonly Value[]

/** What a statement did, as measured; complete once its rows have been read. */
export class QueryFigures {
  /** Rows that the engine read. */
  examined = 0
  /** Time that the engine worked. */
  engineMs = 0
  /** The commit that the rows show. */
  seq: number | null = null
  cursor: string | null = null
  isTruncated = false
  receipt: CommitReceipt | null = null

  add(batch: ColumnBatch<unknown>): void {
    this.examined += batch.rowsExamined
    this.engineMs += batch.runningMs
    this.seq = batch.snapshotSeq
  }
}

/** The rows in their order; reading them runs the statement. */
export interface QueryResult {
  readonly columns: readonly ResultColumn[]
  readonly batches: AsyncIterable<readonly Row[]>
}

/** One page of so many rows, or with null all that there are. */
export interface PageRequest {
  readonly rowsMax: number
  readonly cursor: string | undefined
}

/** Where a statement runs, and what it may use. */
export interface QueryContext {
  readonly database: GraphDatabase
  readonly limits: Limits
  readonly signal: AbortSignal
  readonly page: PageRequest | null
  readonly figures: QueryFigures
  /** Below which COPY FROM reads; undefined: nothing. */
  readonly importRoot: string | undefined
  /** The procedures beside those of the language itself. */
  readonly measures?: (call: CallProcedure) => MeasureProcedure | undefined
  /** Whose cursor it is: of this statement with these parameters. */
  readonly question: string
}

export type MeasureProcedure = (call: CallProcedure, context: QueryContext) => QueryResult

const charactersOfCell = 64

/** Bounds what a statement holds in memory. */
export class CellBudget {
  readonly #most: number
  #held = 0

  constructor(limits: Limits) {
    this.#most = limits.graphQueryCellsMax
  }

  /** Counts the values of a row; throws `too_large` where there are too many. */
  hold(row: readonly Value[]): void {
    this.count(cellsOf(row))
  }

  count(cells: number): void {
    if (this.holdsAlso(cells)) return
    const hint = 'the statement holds more values than it may; select less, or LIMIT it'
    throw tooLarge('graph_query_cells_max', this.#most, hint)
  }

  /** Counts the values; false when there are too many by then. */
  holdsAlso(cells: number): boolean {
    this.#held += cells
    return this.#held <= this.#most
  }

  release(cells: number): void {
    this.#held -= cells
  }
}

/** Values with those of lists; a long text is as many as its memory is. */
export function cellsOf(row: readonly Value[]): number {
  let cells = row.length
  for (const value of row) {
    if (typeof value === 'string') cells += Math.floor(value.length / charactersOfCell)
    else if (Array.isArray(value)) cells += cellsOf(value)
  }
  return cells
}

const bytesOfCell = 16
/** What is longer than a cell is: an instant or a 64-bit integer; a number of many digits. */
const bytesBeyondCell = { bigint: 20, number: 10 } as const
const smallMax = 1e9
/** With `u`, halves of pairs only where they stand alone. */
const isEscaped = /["\\\p{Cc}\p{Cs}]/u

/** About what a row is as JSON; never less, so that what is counted by it fits. */
export function jsonBytesOf(row: readonly Value[]): number {
  let bytes = row.length * bytesOfCell
  for (const value of row) bytes += bytesBeyondCellOf(value)
  return bytes
}

function bytesBeyondCellOf(value: Value): number {
  if (typeof value === 'string') {
    return Buffer.byteLength(isEscaped.test(value) ? JSON.stringify(value) : value)
  }
  if (typeof value === 'bigint') return bytesBeyondCell.bigint
  if (typeof value === 'number') {
    const isSmall = Number.isInteger(value) && Math.abs(value) < smallMax
    return isSmall ? 0 : bytesBeyondCell.number
  }
  if (typeof value !== 'object' || value === null) return 0
  return jsonBytesOf(Array.isArray(value) ? value : Object.entries(value).flat())
}

/** How many of the rows have no more bytes together as JSON; one at least. */
export function rowsWithin(rows: readonly Row[], bytesMax: number): number {
  let bytes = 0
  for (const [at, row] of rows.entries()) {
    bytes += jsonBytesOf(row)
    if (at > 0 && bytes > bytesMax) return at
  }
  return rows.length
}

/** Rows that are written at once, where they are there already. */
const rowsOfBatch = 4096

/** Gathers rows into batches that may be held until they are written. */
export class RowBatch {
  readonly #limits: Limits
  readonly #rowsMax: number
  #rows: Row[] = []
  #bytes = 0

  constructor(limits: Limits, rowsMax: number) {
    this.#limits = limits
    this.#rowsMax = rowsMax
  }

  /** Adds a row of so many bytes; gives back those before it where they are enough. Throws `too_large`. */
  add(row: Row, bytes: number): readonly Row[] | undefined {
    const { graphPageBytesMax, graphStreamBytesMax } = this.#limits
    if (bytes > graphPageBytesMax) {
      throw tooLarge('graph_page_bytes_max', graphPageBytesMax, 'one row has too many bytes')
    }
    const isFull = this.#rows.length === this.#rowsMax || this.#bytes + bytes > graphStreamBytesMax
    const full = isFull && this.#rows.length > 0 ? this.take() : undefined
    this.#rows.push(row)
    this.#bytes += bytes
    return full
  }

  /** What is gathered. */
  take(): readonly Row[] {
    const rows = this.#rows
    this.#rows = []
    this.#bytes = 0
    return rows
  }
}

export function* batchesOf(rows: Iterable<Row>, limits: Limits): Generator<readonly Row[]> {
  const batch = new RowBatch(limits, rowsOfBatch)
  for (const row of rows) {
    const full = batch.add(row, jsonBytesOf(row))
    if (full !== undefined) yield full
  }
  const last = batch.take()
  if (last.length > 0) yield last
}

export async function* inOneBatch(rows: readonly Row[]): AsyncGenerator<readonly Row[]> {
  if (rows.length > 0) yield rows
}
