import type { ColumnBatch } from './column-batch.ts'
import { EngineError, invalid, quote } from './errors.ts'

/** How a find goes on behind an earlier page. */
export interface Paging {
  /** `cursor` of an earlier result: goes on behind it, with the same other options. */
  readonly cursor?: string
  /**
   * What to do when history does not reach the state of the first page any more: `fail` with `gone`,
   * as unless said, or `continue` with the newest state, which `snapshotLost` of the result tells.
   */
  readonly onSnapshotLost?: 'fail' | 'continue'
}

/** The page, if the caller takes it. @throws EngineError `gone` */
export function toPage<Row>(batch: ColumnBatch<Row>, paging: Paging): ColumnBatch<Row> {
  const { onSnapshotLost = 'fail' } = paging
  if (onSnapshotLost !== 'fail' && onSnapshotLost !== 'continue') {
    throw invalid(`onSnapshotLost is 'fail' or 'continue', not ${quote(onSnapshotLost)}`)
  }
  if (!batch.snapshotLost || onSnapshotLost === 'continue') return batch
  const hint = "begin anew, or allow it by onSnapshotLost: 'continue'"
  throw new EngineError('gone', `history no longer reaches the state of the cursor; ${hint}`)
}
