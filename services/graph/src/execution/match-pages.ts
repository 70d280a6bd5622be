import type { ColumnBatch, FindOptions, Hyperedge } from '@hypermesh/engine'
import type { Returning } from '../language/syntax-tree.ts'
import { findOptionsOf, type MatchScan, matchesInTurns, pageBytes, scanRows } from './match-scan.ts'
import { formatCursor, parseCursor } from './page-cursor.ts'
import { countOf, evaluateRow, type OutputColumn } from './projection.ts'
import {
  CellBudget,
  cellsOf,
  jsonBytesOf,
  type QueryContext,
  type Row,
  RowBatch,
} from './query-result.ts'
import { Turns } from './turns.ts'

/** What of a table's rows, in the engine's own order, goes out: a page with a cursor, or all as they come. */
export class MatchPages {
  readonly #scan: MatchScan
  readonly #outputs: readonly OutputColumn[]
  readonly #context: QueryContext
  readonly #newestFirst: boolean
  readonly #turns: Turns
  #cursor: string | undefined
  #skip: number
  /** Of LIMIT. */
  #left: number
  #hasLimit: boolean
  /** Of the page. */
  #room: number
  /** Of the page, as JSON. */
  #bytes = 0

  constructor(
    scan: MatchScan,
    parts: {
      readonly outputs: readonly OutputColumn[]
      readonly returning: Returning
      readonly newestFirst: boolean
      readonly context: QueryContext
    },
  ) {
    const { returning, context } = parts
    this.#scan = scan
    this.#outputs = parts.outputs
    this.#context = context
    this.#newestFirst = parts.newestFirst
    this.#turns = new Turns(context.signal)
    const limit = countOf(returning.limit, 'LIMIT')
    const given = context.page?.cursor
    const place = given === undefined ? undefined : parseCursor(context.question, given)
    this.#cursor = place?.cursor
    this.#skip = place === undefined ? (countOf(returning.skip, 'SKIP') ?? 0) : 0
    this.#hasLimit = limit !== null
    this.#left = Math.min(
      limit ?? Number.POSITIVE_INFINITY,
      place?.left ?? Number.POSITIVE_INFINITY,
    )
    this.#room = context.page?.rowsMax ?? Number.POSITIVE_INFINITY
  }

  async *batches(): AsyncGenerator<readonly Row[]> {
    const { page, signal } = this.#context
    const budget = page === null ? undefined : new CellBudget(this.#context.limits)
    const { asOf, reader } = this.#scan
    // A page is of one state, also where a part of it is read again.
    using state = this.#context.database.engine.snapshot(asOf === undefined ? {} : { asOf })
    const table = state.table(reader.name)
    let isOver = this.#scan.pushed.isEmpty
    while (!isOver && this.#wanted > 0) {
      signal.throwIfAborted()
      const batch = await this.#find(table, this.#readRows())
      let end = 0
      for await (const taken of this.#take(batch, budget)) {
        end = taken.end
        if (taken.rows.length > 0) yield taken.rows
      }
      isOver = await this.#goOn(table, batch, end)
    }
    if (page === null || this.#cursor === undefined || this.#left === 0) return
    const left = this.#hasLimit ? this.#left : null
    this.#context.figures.cursor = formatCursor(this.#context.question, {
      cursor: this.#cursor,
      left,
    })
  }

  get #wanted(): number {
    return Math.min(this.#left, this.#room)
  }

  /** Without a filter here exactly what is wanted; else some more, as most may fall away. */
  #readRows(): number {
    const wanted = this.#wanted + this.#skip
    return Math.min(scanRows, this.#scan.filter === undefined ? wanted : Math.max(wanted, 1024))
  }

  async #find(
    reader: MatchScan['reader'],
    limit: number,
    changes: FindOptions = {},
  ): Promise<ColumnBatch<Hyperedge>> {
    const { asOf: _, ...options } = findOptionsOf(this.#scan, this.#context)
    const batch = await reader.find({
      ...options,
      ...{ limit, maxBytes: pageBytes, newestFirst: this.#newestFirst },
      ...(this.#cursor === undefined ? {} : { cursor: this.#cursor }),
      ...changes,
    })
    this.#context.figures.add(batch)
    return batch
  }

  /**
   * The rows that go out, of a page all at once, of a stream as many as may be held until they are read;
   * `end`: how many rows of the batch are done with.
   */
  async *#take(batch: ColumnBatch<Hyperedge>, budget: CellBudget | undefined) {
    const taken = new RowBatch(this.#context.limits, scanRows)
    for (const at of await matchesInTurns(this.#scan, batch, this.#turns)) {
      if (this.#turns.isOver()) await this.#turns.next()
      if (this.#skip > 0) {
        this.#skip -= 1
        continue
      }
      const row = evaluateRow(this.#outputs, at)
      const bytes = jsonBytesOf(row)
      if (budget !== undefined && !this.#fits(bytes)) {
        this.#room = 0
        yield { rows: taken.take(), end: at }
        return
      }
      const full = taken.add(row, bytes)
      if (full !== undefined) yield { rows: full, end: at }
      this.#left -= 1
      this.#room -= 1
      // A page of long lists ends early, with its cursor.
      if (budget?.holdsAlso(cellsOf(row)) === false) this.#room = 0
      if (this.#wanted === 0) {
        yield { rows: taken.take(), end: at + 1 }
        return
      }
    }
    yield { rows: taken.take(), end: batch.rowCount }
  }

  /** Whether the page has room for its JSON; it always has for its first row. */
  #fits(bytes: number): boolean {
    const isFirst = this.#bytes === 0
    this.#bytes += bytes
    return isFirst || this.#bytes <= this.#context.limits.graphPageBytesMax
  }

  /** Sets the cursor behind the row that was the last; true at the end. */
  async #goOn(
    reader: MatchScan['reader'],
    batch: ColumnBatch<Hyperedge>,
    end: number,
  ): Promise<boolean> {
    if (end === batch.rowCount) {
      this.#cursor = batch.cursor ?? undefined
      return batch.cursor === null
    }
    if (this.#context.page === null || this.#left === 0) return true
    // The page ends where the last reading did.
    if (end === 0) return true
    // The engine's cursors stand behind the last row of a reading.
    const exact = await this.#find(reader, end, { columns: ['id'] })
    this.#cursor = exact.cursor ?? undefined
    return true
  }
}
