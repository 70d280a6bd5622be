import { EngineError, toEngineError } from '../errors.ts'
import type { HyperedgeInput } from '../hyperedges.ts'
import type { Table } from '../table.ts'

/** A hyperedge with where in its file it stands. */
export interface PlacedRow {
  readonly row: HyperedgeInput
  /** As messages name it: `line 7`, `edge "x"`. */
  readonly place: string
  /** The same in every reading of the file. */
  readonly ordinal: number
}

/** How a file is imported. */
export interface ImportOptions {
  /** Hyperedges a commit; 10,000 unless said. Each commit is whole or not at all. */
  readonly batchRows?: number
  /**
   * Makes an import that was cut off harmless to run again: hyperedges without a key get
   * `<resumeKey>:<number in the file>` as theirs, and those that are there already are left alone.
   */
  readonly resumeKey?: string
  /** Called with each hyperedge; what it throws ends the import. */
  readonly check?: (row: HyperedgeInput) => void
  /** Ends the import between two commits. */
  readonly signal?: AbortSignal
  /** Called after each commit with the count of hyperedges so far. */
  readonly onProgress?: (rowCount: number) => void
}

/** What an import did. */
export interface ImportReport {
  readonly inserted: number
  /** There already, by their key. */
  readonly duplicates: number
  readonly commits: number
}

const batchRowsDefault = 10_000

/** Inserts rows as they come, a batch a commit; an error names the place in the file. */
export async function importRows(
  table: Table,
  rows: AsyncIterable<PlacedRow>,
  options: ImportOptions = {},
): Promise<ImportReport> {
  const { batchRows = batchRowsDefault, resumeKey, check, signal, onProgress } = options
  let pending: PlacedRow[] = []
  const report = { inserted: 0, duplicates: 0, commits: 0 }
  const commit = async (): Promise<void> => {
    if (signal?.aborted) {
      throw new EngineError('cancelled', 'the import was cancelled', { cause: signal.reason })
    }
    const batch = pending
    pending = []
    const receipt = await insertPlaced(table, batch)
    report.inserted += receipt.inserted
    report.duplicates += receipt.duplicates
    report.commits++
    onProgress?.(report.inserted + report.duplicates)
  }
  for await (const placed of rows) {
    check?.(placed.row)
    const hasKey = typeof placed.row.key === 'string'
    const key = `${resumeKey}:${placed.ordinal}`
    const keyed = resumeKey === undefined || hasKey ? placed.row : { ...placed.row, key }
    pending.push({ ...placed, row: keyed })
    if (pending.length >= batchRows) await commit()
  }
  if (pending.length > 0) await commit()
  return report
}

async function insertPlaced(table: Table, batch: readonly PlacedRow[]) {
  try {
    return await table.insertMany(batch.map(({ row }) => row))
  } catch (error) {
    const failure = toEngineError(error)
    const culprit = failure.code === 'closed' ? undefined : findCulprit(table, batch)
    const first = batch[0]?.place ?? 'the start'
    const place = culprit ?? `the batch from ${first}`
    throw new EngineError(failure.code, `${place}: ${failure.message}`, { cause: failure })
  }
}

/** The row that cannot be encoded by itself, if that was it. */
function findCulprit(table: Table, batch: readonly PlacedRow[]): string | undefined {
  return batch.find(({ row }) => !table.accepts(row))?.place
}
