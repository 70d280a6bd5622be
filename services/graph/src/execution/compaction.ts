import type { GraphDatabase } from '../graph-database.ts'
import type { CompactThreshold } from '../language/syntax-tree.ts'
import { inOneBatch, type QueryContext, type QueryResult, type Row } from './query-result.ts'

const columns = [
  { name: 'threshold', type: 'int64' },
  { name: 'pending', type: 'int64' },
  { name: 'compacted', type: 'bool' },
] as const
const systemTable = 'hm_settings'
const settingKey = 'compact_threshold'

/**
 * `COMPACT_THRESHOLD n`: once so many records wait to become segments, a writing statement is followed by a
 * compaction. Kept in the database itself. Says how many wait, and compacts now where it is reached.
 */
export function runCompactThreshold(
  { records }: CompactThreshold,
  context: QueryContext,
): QueryResult {
  const { database } = context
  async function* batches(): AsyncGenerator<readonly Row[]> {
    context.signal.throwIfAborted()
    if (records !== null) await setThreshold(database, records)
    const threshold = thresholdOf(database)
    const { memtableRecords } = await database.engine.stats()
    const isReached = threshold !== null && memtableRecords >= threshold
    if (isReached) await database.engine.compact()
    yield* inOneBatch([[threshold, memtableRecords, isReached]])
  }
  return { columns, batches: batches() }
}

/** After a writing statement, which does not wait for it. A failure is found again by the next. */
export async function compactWhenDue(database: GraphDatabase): Promise<void> {
  const threshold = thresholdOf(database)
  if (threshold === null) return
  const { memtableRecords } = await database.engine.stats()
  if (memtableRecords >= threshold) await database.engine.compact()
}

function thresholdOf({ engine }: GraphDatabase): number | null {
  if (!engine.hasTable(systemTable)) return null
  const value = engine.table(systemTable).getByKey(settingKey)?.props?.value
  return typeof value === 'number' ? value : null
}

async function setThreshold({ engine }: GraphDatabase, value: number): Promise<void> {
  if (!engine.hasTable(systemTable)) {
    // Another statement may have made it meanwhile.
    await engine.createTable(systemTable, { properties: { value: 'int64' } }).catch((error) => {
      if (!engine.hasTable(systemTable)) throw error
    })
  }
  const table = engine.table(systemTable)
  const known = table.getByKey(settingKey)
  if (known !== undefined) await table.update(known.id, { props: { value } })
  else await table.insert({ at: 0, members: [settingKey], key: settingKey, props: { value } })
}
