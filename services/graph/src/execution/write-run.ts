import type {
  CommitReceipt,
  HyperedgeInput,
  Transaction,
  TransactionTable,
} from '@hypermesh/engine'
import { EngineError } from '@hypermesh/engine'
import { assertRoles } from '../hyperedge-rows.ts'
import type { Delete, Insert, Update } from '../language/syntax-tree.ts'
import {
  findOptionsOf,
  type MatchScan,
  matchesInTurns,
  pageBytes,
  scanOf,
  scanRows,
} from './match-scan.ts'
import { invalidQuery, tooLarge } from './query-error.ts'
import { inOneBatch, type QueryContext, type QueryResult, type Row } from './query-result.ts'
import { Turns } from './turns.ts'
import { toFields, type WrittenColumn, writtenColumns } from './write-values.ts'

/** What every writing statement answers with. */
const columns = [
  { name: 'inserted', type: 'int64' },
  { name: 'updated', type: 'int64' },
  { name: 'deleted', type: 'int64' },
  { name: 'duplicates', type: 'int64' },
  { name: 'seq', type: 'int64' },
] as const
/** A statement that lost a race is run again; after so many times it is the caller's turn. */
const attemptsMax = 5

function writeResult(
  work: () => Promise<CommitReceipt | undefined>,
  context: QueryContext,
): QueryResult {
  async function* batches(): AsyncGenerator<readonly Row[]> {
    context.signal.throwIfAborted()
    const receipt = await work()
    context.figures.receipt = receipt ?? null
    context.figures.seq = receipt?.seq ?? null
    const { inserted = 0, updated = 0, deleted = 0, duplicates = 0, seq = null } = receipt ?? {}
    yield* inOneBatch([[inserted, updated, deleted, duplicates, seq]])
  }
  return { columns, batches: batches() }
}

/** All rows of all tables, in one commit or none. */
export function runInsert(insert: Insert, context: QueryContext): QueryResult {
  const { database, limits } = context
  if (insert.rows.length > limits.graphBatchMax) {
    throw tooLarge('graph_batch_max', limits.graphBatchMax, 'the statement has too many rows')
  }
  const byTable = new Map<string, HyperedgeInput[]>()
  for (const { table, entries } of insert.rows) {
    const { schema } = database.table(table)
    const written = writtenColumns(entries, schema, { sources: [] })
    for (const name of ['event_ts', 'members']) {
      if (written.some(({ slot }) => slot.name === name)) continue
      throw invalidQuery(`a hyperedge has ${name}`)
    }
    // Checked by the engine.
    const row = toFields(written, 0) as HyperedgeInput
    checkRoles(row, { declared: database.tables.declared(table), schema })
    const rows = byTable.get(table)
    if (rows === undefined) byTable.set(table, [row])
    else rows.push(row)
  }
  return writeResult(async () => {
    const { receipt } = await database.engine.transaction((transaction) => {
      for (const [table, rows] of byTable) transaction.table(table).insertMany(rows)
    })
    return receipt
  }, context)
}

/** Changes what matches at the beginning, in one commit. */
export function runUpdate(update: Update, context: QueryContext): QueryResult {
  const { pattern, changes, where } = update
  const table = context.database.table(pattern.table)
  const scan = scanOf(pattern, { where, asOf: null }, table)
  const written = writtenColumns(changes, table.schema, scan.scope)
  for (const { slot } of written) {
    if (slot.name === 'key') throw invalidQuery('a key stays what it was')
  }
  const declared = context.database.tables.declared(pattern.table)
  const apply = (
    target: TransactionTable,
    rows: readonly number[],
    ids: readonly number[],
  ): void => {
    if (isConstant(written)) {
      const change = toFields(written, 0)
      checkRoles(change, { declared, schema: table.schema })
      target.update(ids, change)
      return
    }
    for (const [place, row] of rows.entries()) {
      const change = toFields(written, row)
      checkRoles(change, { declared, schema: table.schema })
      target.update(ids[place] ?? 0, change)
    }
  }
  return writeResult(() => changeMatches(scan, context, apply), context)
}

export function runDelete({ pattern, where }: Delete, context: QueryContext): QueryResult {
  const scan = scanOf(pattern, { where, asOf: null }, context.database.table(pattern.table))
  const apply = (target: TransactionTable, _: readonly number[], ids: readonly number[]): void =>
    target.delete(ids)
  return writeResult(() => changeMatches(scan, context, apply), context)
}

/** Only where kinds of members are declared. */
function checkRoles(row: unknown, terms: Parameters<typeof assertRoles>[1]): void {
  if (terms.declared.members.length > 0) assertRoles(row, terms)
}

function isConstant(written: readonly WrittenColumn[]): boolean {
  return written.every(({ compiled }) => compiled.constant !== undefined)
}

type Apply = (target: TransactionTable, rows: readonly number[], ids: readonly number[]) => void

async function changeMatches(
  scan: MatchScan,
  context: QueryContext,
  apply: Apply,
): Promise<CommitReceipt | undefined> {
  if (scan.pushed.isEmpty) return undefined
  for (let attempt = 1; ; attempt++) {
    try {
      const { receipt } = await context.database.engine.transaction((transaction) =>
        changeWithin(transaction, scan, { context, apply }),
      )
      return receipt
    } catch (error) {
      const isRace = error instanceof EngineError && error.code === 'conflict'
      if (!isRace || attempt === attemptsMax) throw error
    }
  }
}

/** Reads the state that the transaction began with. */
async function changeWithin(
  transaction: Transaction,
  scan: MatchScan,
  { context, apply }: { readonly context: QueryContext; readonly apply: Apply },
): Promise<void> {
  const { graphBatchMax } = context.limits
  const table = transaction.table(scan.source.pattern.table)
  const id = scan.source.slot('id')
  const options = { ...findOptionsOf(scan, context), pageRows: scanRows, pageBytes }
  const turns = new Turns(context.signal)
  let count = 0
  for await (const batch of table.pages(options)) {
    context.figures.add(batch)
    const rows = [...(await matchesInTurns(scan, batch, turns))]
    count += rows.length
    if (count > graphBatchMax) {
      const hint = 'the statement changes more hyperedges than one commit may; select fewer'
      throw tooLarge('graph_batch_max', graphBatchMax, hint)
    }
    if (rows.length > 0)
      apply(
        table,
        rows,
        rows.map((row) => Number(id.get(row))),
      )
  }
}
