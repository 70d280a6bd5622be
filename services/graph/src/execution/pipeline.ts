import { formatName } from '../language/format-expression.ts'
import type { Returning } from '../language/syntax-tree.ts'
import { aggregateCallsOf } from './aggregate-calls.ts'
import { type Grouping, GroupTable, groupingOf, groupScope } from './grouping.ts'
import { formatMadeCursor, type MadePlace } from './page-cursor.ts'
import {
  type AllColumns,
  type CompiledOrder,
  compileOrder,
  countOf,
  evaluateRow,
  type OutputColumn,
  outputColumns,
} from './projection.ts'
import {
  batchesOf,
  CellBudget,
  type QueryContext,
  type QueryResult,
  type Row,
  rowsWithin,
} from './query-result.ts'
import { RowCollector } from './row-collector.ts'
import type { Scope } from './scope.ts'
import { Turns } from './turns.ts'

/** Rows that the scope's slots have loaded; good until the next are asked for. */
export type Chunks = AsyncIterable<Iterable<number>>

interface MadePages {
  /** What their cursors are of. */
  readonly question: string
  readonly place: MadePlace | undefined
}

/** What a RETURN does with rows: group, sort, make distinct, cut; in memory, within the limits. */
export interface Pipeline {
  readonly scope: Scope
  readonly all: AllColumns
  /** Known once everything is compiled: only then is it known which columns are read. */
  readonly chunks: () => Chunks
  /** Where its pages go on, if it has some: it is made anew for each of them, of the same commit. */
  readonly pages?: MadePages | undefined
  /** Groups made elsewhere. */
  readonly groups?: ((grouping: Grouping) => Promise<readonly Row[]> | undefined) | undefined
}

export function runPipeline(
  returning: Returning,
  pipeline: Pipeline,
  context: QueryContext,
): QueryResult {
  const calls = aggregateCallsOf(returning)
  if (calls.size > 0)
    return runGroups(returning, groupingOf(returning, calls, pipeline.scope), pipeline, context)
  const outputs = outputColumns(returning.items, pipeline.scope, pipeline.all)
  const order = compileOrder(returning.orderBy, outputs, pipeline.scope)
  const budget = new CellBudget(context.limits)
  async function* batches(): AsyncGenerator<readonly Row[]> {
    const collector = collectorOf(returning, { order, budget, context, pipeline })
    const turns = new Turns(context.signal)
    for await (const rows of pipeline.chunks()) {
      context.signal.throwIfAborted()
      await collect(collector, rows, { outputs, order, turns })
      if (collector.isFull) break
    }
    yield* finished(collector, { context, pipeline, turns })
  }
  return { columns: outputs, batches: batches() }
}

/** One more row than is wanted is collected, so that a cut is known. */
function collectorOf(
  returning: Returning,
  parts: {
    readonly order: CompiledOrder
    readonly budget: CellBudget
    readonly context: QueryContext
    readonly pipeline: Pipeline
  },
): RowCollector {
  const { order, budget, context, pipeline } = parts
  const offset = pipeline.pages?.place?.offset ?? 0
  const limit = (countOf(returning.limit, 'LIMIT') ?? Number.POSITIVE_INFINITY) - offset
  const pageMax = context.page === null ? Number.POSITIVE_INFINITY : context.page.rowsMax + 1
  return new RowCollector({
    descending: order.descending,
    isDistinct: returning.isDistinct,
    skip: (countOf(returning.skip, 'SKIP') ?? 0) + offset,
    limit: Math.max(0, Math.min(limit, pageMax)),
    budget,
  })
}

async function collect(
  collector: RowCollector,
  rows: Iterable<number>,
  {
    outputs,
    order,
    turns,
  }: {
    readonly outputs: readonly OutputColumn[]
    readonly order: CompiledOrder
    readonly turns: Turns
  },
): Promise<void> {
  for (const row of rows) {
    if (collector.isFull) return
    collector.add(
      evaluateRow(outputs, row),
      order.keys.map((key) => key.evaluate(row)),
    )
    if (collector.isOverfull) await collector.trim(turns)
    if (turns.isOver()) await turns.next()
  }
}

async function* finished(
  collector: RowCollector,
  parts: { readonly context: QueryContext; readonly pipeline: Pipeline; readonly turns: Turns },
): AsyncGenerator<readonly Row[]> {
  const { context, pipeline, turns } = parts
  const rows = await collector.finish(turns)
  const shown = context.page === null ? rows : pageOf(rows, context, pipeline)
  for (const batch of batchesOf(shown, context.limits)) {
    yield batch
    await turns.next()
  }
}

/** The rows of the page; what goes on behind them, or that there is more, is noted. */
function pageOf(
  rows: readonly Row[],
  { page, limits, figures }: QueryContext,
  { pages }: Pipeline,
): readonly Row[] {
  const rowsMax = page?.rowsMax ?? rows.length
  const seq = pages?.place?.seq ?? figures.seq
  if (pages === undefined || seq === null) {
    figures.isTruncated ||= rowsMax < rows.length
    return rows.slice(0, rowsMax)
  }
  const count = Math.min(rowsMax, rowsWithin(rows, limits.graphPageBytesMax))
  const offset = (pages.place?.offset ?? 0) + count
  if (count < rows.length) figures.cursor = formatMadeCursor(pages.question, { seq, offset })
  return rows.slice(0, count)
}

function runGroups(
  returning: Returning,
  grouping: Grouping,
  pipeline: Pipeline,
  context: QueryContext,
): QueryResult {
  const items = returning.items === 'all' ? [] : returning.items
  const groups: Row[] = []
  const scope = groupScope(grouping, items, groups)
  const outputs = outputColumns(returning.items, scope, () => [])
  const order = compileOrder(returning.orderBy, outputs, scope)
  const budget = new CellBudget(context.limits)
  async function* batches(): AsyncGenerator<readonly Row[]> {
    const made = await pipeline.groups?.(grouping)
    for (const row of made ?? (await groupRows(grouping, pipeline, { context, budget }))) {
      groups.push(row)
    }
    const collector = collectorOf(returning, { order, budget, context, pipeline })
    const turns = new Turns(context.signal)
    await collect(collector, groups.keys(), { outputs, order, turns })
    yield* finished(collector, { context, pipeline, turns })
  }
  return { columns: outputs, batches: batches() }
}

async function groupRows(
  grouping: Grouping,
  { chunks }: Pipeline,
  { context, budget }: { readonly context: QueryContext; readonly budget: CellBudget },
): Promise<readonly Row[]> {
  const table = new GroupTable(grouping, budget)
  const turns = new Turns(context.signal)
  for await (const rows of chunks()) {
    context.signal.throwIfAborted()
    for (const row of rows) {
      table.add(row)
      if (turns.isOver()) await turns.next()
    }
  }
  return table.finish()
}

/** Rows that are there already, as a table whose columns are called by their bare names. */
export function pipelineOfRows(
  columns: readonly { readonly name: string; readonly type: OutputColumn['type'] }[],
  rows: () => Promise<readonly Row[]>,
): Pipeline {
  let held: readonly Row[] = []
  const outputs = columns.map(({ name, type }, place): OutputColumn => {
    const evaluate = (row: number) => held[row]?.[place] ?? null
    return { name, type, text: formatName(name), compiled: { type, evaluate } }
  })
  const replaced = new Map(outputs.map(({ text, compiled }) => [text, compiled]))
  return {
    scope: { sources: [], replaced },
    all: () => outputs,
    chunks: async function* () {
      held = await rows()
      yield held.keys()
    },
  }
}
