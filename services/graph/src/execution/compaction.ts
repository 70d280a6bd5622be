import type { CompactThreshold } from '../language/syntax-tree.ts'
import { inOneBatch, type QueryContext, type QueryResult, type Row } from './query-result.ts'

const columns = [
  { name: 'threshold', type: 'int64' },
  { name: 'pending', type: 'int64' },
  { name: 'compacted', type: 'bool' },
] as const

/** `COMPACT_THRESHOLD n`. Says how many records wait, and compacts now where it is reached. */
export function runCompactThreshold(
  { records }: CompactThreshold,
  context: QueryContext,
): QueryResult {
  const { compaction } = context.database
  async function* batches(): AsyncGenerator<readonly Row[]> {
    context.signal.throwIfAborted()
    if (records !== null) await compaction.set(records)
    const { pending, isReached } = await compaction.look()
    yield* inOneBatch([[compaction.records, pending, isReached]])
  }
  return { columns, batches: batches() }
}
