import type {
  AsOf,
  ColumnBatch,
  ColumnName,
  FindOptions,
  Hyperedge,
  TableReader,
} from '@hypermesh/engine'
import { toMicrosByMagnitude } from '../instants.ts'
import type { Expression, Match, Pattern } from '../language/syntax-tree.ts'
import { compileExpression } from './compile-expression.ts'
import { invalidQuery } from './query-error.ts'
import type { QueryContext } from './query-result.ts'
import { type Compiled, type Scope, Source } from './scope.ts'
import { conjunctsOf, type PushedSelection, pushDown } from './selection-push-down.ts'
import { stepsOf, Turns } from './turns.ts'

export const pageBytes = 16 << 20
/** Rows of one reading where some are left out here: enough to make the call worth it. */
export const scanRows = 16_384

/** Which rows of a table a statement reads, and how. */
export interface MatchScan {
  readonly source: Source
  readonly scope: Scope
  readonly reader: TableReader
  readonly pushed: PushedSelection
  /** What the engine could not check; undefined: nothing. */
  readonly filter: Compiled | undefined
  /** What the filter counts for in a turn. */
  readonly filterSteps: number
  readonly asOf: AsOf | undefined
}

export function scanOf(
  pattern: Pattern,
  conditions: { readonly where: Expression | null; readonly asOf: Expression | null },
  reader: TableReader,
): MatchScan {
  const { schema } = reader
  // By itself: what is only pushed down need not be read.
  const pushed = pushDown(conjunctsOf(conditions.where), new Source(pattern, schema))
  const source = new Source(pattern, schema)
  const scope = { sources: [source] }
  const [first, ...others] = pushed.rest
  const rest: Expression | undefined =
    others.length > 0 ? { kind: 'and', operands: pushed.rest } : first
  const filter = rest === undefined ? undefined : compileExpression(rest, scope)
  const filterSteps = stepsOf(rest)
  return { source, scope, reader, pushed, filter, filterSteps, asOf: asOfOf(conditions.asOf) }
}

/** A whole number is that of a commit, a text an instant. */
export function asOfOf(expression: Match['asOf']): AsOf | undefined {
  if (expression === null) return undefined
  const { constant, type } = compileExpression(expression, { sources: [] })
  if (typeof constant === 'number' && Number.isSafeInteger(constant) && constant >= 0)
    return constant
  if (type === 'timestamp' && typeof constant === 'bigint') return constant
  if (typeof constant === 'string') return toMicrosByMagnitude(constant, 'AS OF')
  throw invalidQuery('AS OF takes the number of a commit, or an instant as ISO 8601 text')
}

/** What a reading asks of the engine. Call it when everything is compiled. */
export function findOptionsOf(
  scan: MatchScan,
  { signal }: Pick<QueryContext, 'signal'>,
): FindOptions {
  const columns = new Set<ColumnName>(scan.source.slots.map(({ column }) => column))
  if (columns.size === 0) columns.add('id')
  const { asOf } = scan
  return {
    ...scan.pushed.selection,
    columns: [...columns],
    signal,
    ...(asOf === undefined ? {} : { asOf }),
  }
}

/** The rows of the batch that match, with the slots loaded from it; in turns, as a condition may be long. */
export async function matchesInTurns(
  { source, filter, filterSteps }: MatchScan,
  batch: ColumnBatch<Hyperedge>,
  turns: Turns,
): Promise<Iterable<number>> {
  for (const slot of source.slots) slot.load(batch)
  if (filter === undefined) return Array(batch.rowCount).keys()
  const rows: number[] = []
  for (let row = 0; row < batch.rowCount; row++) {
    if (filter.evaluate(row) === true) rows.push(row)
    if (turns.isOver(filterSteps)) await turns.next()
  }
  return rows
}

/** All matches, of one state of the table, a batch at a time. */
export async function* scanChunks(
  scan: MatchScan,
  context: QueryContext,
): AsyncGenerator<Iterable<number>> {
  if (scan.pushed.isEmpty) return
  const options = { ...findOptionsOf(scan, context), pageRows: scanRows, pageBytes }
  const turns = new Turns(context.signal)
  for await (const batch of scan.reader.pages(options)) {
    context.figures.add(batch)
    yield await matchesInTurns(scan, batch, turns)
  }
}
