import { setImmediate } from 'node:timers/promises'
import type { JoinSide, TableReader } from '@hypermesh/engine'
import type { Match, Pattern } from '../language/syntax-tree.ts'
import type { ColumnSlot } from './column-slot.ts'
import { asCondition, compileExpression } from './compile-expression.ts'
import { type JoinTerms, joinTermsOf, junction, type SharedTerm } from './join-terms.ts'
import { madePages } from './made-pages.ts'
import { asOfOf, type MatchScan, pageBytes, scanChunks, scanOf } from './match-scan.ts'
import { runPipeline } from './pipeline.ts'
import { columnsOfSource } from './projection.ts'
import { invalidQuery, tooLarge } from './query-error.ts'
import { CellBudget, type QueryContext, type QueryResult } from './query-result.ts'
import { type Compiled, type Scope, Source } from './scope.ts'
import { stepsOf, Turns } from './turns.ts'
import type { Value } from './value-type.ts'

/** A pair is a row; the slots of both sides are held for so many of them at once. */
const pairsAtOnce = 4096

interface JoinSources {
  readonly left: Source
  readonly right: Source
}

/** Two patterns: by the members that they share where the condition says so, else each with each. */
export function runJoin(
  match: Match,
  [first, second]: readonly [Pattern, Pattern],
  context: QueryContext,
): QueryResult {
  if (match.unwind !== null) throw invalidQuery('UNWIND takes one pattern')
  const variables = { left: first.variable, right: second.variable }
  if (variables.left === null || variables.left === variables.right) {
    throw invalidQuery('the patterns of a join have variables, each its own')
  }
  const { engine } = context.database
  const tables = {
    left: context.database.table(first.table),
    right: context.database.table(second.table),
  }
  const pages = madePages([tables.left, tables.right], context)
  const asOf = pages?.place?.seq ?? asOfOf(match.asOf)
  const left = new Source(first, tables.left.schema)
  const right = new Source(second, tables.right.schema)
  const terms = joinTermsOf(match.where, variables)
  let shared: readonly Value[] = []
  const count: Compiled = { type: 'int64', evaluate: (row) => shared[row] ?? null }
  const replaced = new Map((terms.shared?.texts ?? []).map((text) => [text, count]))
  const scope: Scope = { sources: [left, right], replaced }
  // By themselves: what is only checked by the engine need not be read.
  const scans = {
    left: scanOf(first, { where: terms.left, asOf: null }, tables.left),
    right: scanOf(second, { where: terms.right, asOf: null }, tables.right),
  }
  const rest = junction([...terms.both, ...scans.left.pushed.rest, ...scans.right.pushed.rest])
  const filter = rest === null ? undefined : asCondition(compileExpression(rest, scope))
  const steps = stepsOf(rest ?? undefined)
  async function* chunks(): AsyncGenerator<Iterable<number>> {
    using state = engine.snapshot(asOf === undefined ? {} : { asOf })
    const sides = {
      left: { ...scans.left, reader: state.table(first.table) },
      right: { ...scans.right, reader: state.table(second.table) },
    }
    const turns = new Turns(context.signal)
    const pairs = joinedPairs({ terms, sources: { left, right }, sides, seq: state.seq, context })
    for await (const { rowCount, counts } of pairs) {
      context.signal.throwIfAborted()
      shared = counts
      const rows: number[] = []
      for (let row = 0; row < rowCount; row++) {
        if (filter === undefined || filter.evaluate(row) === true) rows.push(row)
        if (turns.isOver(steps)) await turns.next()
      }
      yield rows
    }
  }
  const all = (one: Scope) => [
    ...columnsOfSource(one, first.variable, first.variable),
    ...columnsOfSource(one, second.variable, second.variable),
  ]
  return runPipeline(match.returning, { scope, all, chunks, pages }, context)
}

interface JoinRun {
  readonly terms: JoinTerms
  readonly sources: JoinSources
  readonly sides: { readonly left: MatchScan; readonly right: MatchScan }
  readonly seq: number
  readonly context: QueryContext
}

interface PairChunk {
  readonly rowCount: number
  readonly counts: readonly Value[]
}

async function* joinedPairs(run: JoinRun): AsyncGenerator<PairChunk> {
  const { terms, sources, sides, context } = run
  const { left, right } = sides
  if (left.pushed.isEmpty || right.pushed.isEmpty) return
  if (terms.shared !== undefined) {
    yield* sharedPairs(run, terms.shared)
    return
  }
  yield* crossedPairs(run, {
    left: await heldRows(left, sources.left, context),
    right: await heldRows(right, sources.right, context),
  })
}

/** The engine's join, and then the columns of each pair. */
async function* sharedPairs(run: JoinRun, shared: SharedTerm): AsyncGenerator<PairChunk> {
  const { terms, sources, sides, context } = run
  const side = ({ pushed, source }: MatchScan): JoinSide => ({
    ...pushed.selection,
    table: source.pattern.table,
  })
  const [low, high] = terms.distanceMs
  if (low > high) return
  const { leftRole, rightRole, sharedMin } = shared
  const joined = await context.database.engine.join({
    ...{ left: side(sides.left), right: side(sides.right), asOf: run.seq },
    ...{ distanceMs: [low, high] as const, sharedMin, signal: context.signal },
    ...(leftRole === undefined ? {} : { leftRole }),
    ...(rightRole === undefined ? {} : { rightRole }),
  })
  context.figures.add(joined)
  if (joined.truncated !== null) {
    const most = joined.rowCount
    throw tooLarge('join_pairs', most, `the join has more than ${most} pairs; select less`)
  }
  const part = <Item>(name: string, start: number, end: number): Item[] => {
    const values = joined.values(name) as ArrayLike<Item>
    // Within the bounds.
    return Array.from({ length: end - start }, (_, at) => values[start + at] as Item)
  }
  for (let start = 0; start < joined.rowCount; start += pairsAtOnce) {
    const end = Math.min(joined.rowCount, start + pairsAtOnce)
    const ids = {
      left: part<number>('leftId', start, end),
      right: part<number>('rightId', start, end),
    }
    await holdRows(sources.left, sides.left.reader, { ids: ids.left, context })
    await holdRows(sources.right, sides.right.reader, { ids: ids.right, context })
    yield { rowCount: end - start, counts: part<Value>('shared', start, end) }
  }
}

/** Reads the columns of the hyperedges and puts one value a pair into the slots. */
async function holdRows(
  source: Source,
  reader: TableReader,
  { ids, context }: { readonly ids: readonly number[]; readonly context: QueryContext },
): Promise<void> {
  const { slots } = source
  const id = source.slot('id')
  const read = new Map<number, readonly Value[]>()
  const wanted = [...new Set(ids)]
  const columns = [...new Set([id, ...slots].map(({ column }) => column))]
  const options = { ids: wanted, columns, pageBytes, signal: context.signal }
  for await (const batch of reader.pages(options)) {
    context.figures.add(batch)
    for (const slot of [id, ...slots]) slot.load(batch)
    for (let row = 0; row < batch.rowCount; row++) {
      read.set(
        Number(id.get(row)),
        slots.map((slot) => slot.get(row)),
      )
    }
  }
  for (const [place, slot] of slots.entries()) {
    slot.hold(ids.map((one) => read.get(one)?.[place] ?? null))
  }
  if (!slots.includes(id)) id.hold(ids)
}

interface HeldSide {
  readonly slots: readonly ColumnSlot[]
  readonly rows: readonly (readonly Value[])[]
  readonly ids: readonly number[]
}

/** All matches of one side, in memory. */
async function heldRows(scan: MatchScan, source: Source, context: QueryContext): Promise<HeldSide> {
  const budget = new CellBudget(context.limits)
  const { slots } = source
  const own = slots.map(({ name }) => scan.source.slot(name))
  const id = scan.source.slot('id')
  const rows: (readonly Value[])[] = []
  const ids: number[] = []
  for await (const matches of scanChunks(scan, context)) {
    for (const row of matches) {
      const values = own.map((slot) => slot.get(row))
      budget.hold(values)
      rows.push(values)
      ids.push(Number(id.get(row)))
    }
  }
  return { slots, rows, ids }
}

/** Each with each: for small selections. A hyperedge is not its own partner. */
async function* crossedPairs(
  { sources, context }: JoinRun,
  sides: { readonly left: HeldSide; readonly right: HeldSide },
): AsyncGenerator<PairChunk> {
  const { left, right } = sides
  const { graphQueryPairsMax } = context.limits
  if (left.rows.length * right.rows.length > graphQueryPairsMax) {
    const hint = `${left.rows.length} × ${right.rows.length} pairs; join by shared(a, b) >= 1`
    throw tooLarge('graph_query_pairs_max', graphQueryPairsMax, hint)
  }
  const isSameTable = sources.left.pattern.table === sources.right.pattern.table
  let pairs: [number, number][] = []
  const chunk = (): PairChunk => {
    const [lefts, rights] = [pairs.map(([at]) => at), pairs.map(([, at]) => at)]
    hold(left, lefts)
    hold(right, rights)
    pairs = []
    return { rowCount: lefts.length, counts: [] }
  }
  for (const [at, id] of left.ids.entries()) {
    for (const [other, otherId] of right.ids.entries()) {
      if (isSameTable && id === otherId) continue
      pairs.push([at, other])
      if (pairs.length < pairsAtOnce) continue
      // Others have their turn, and a deadline or a cancellation is heard of.
      await setImmediate()
      yield chunk()
    }
  }
  if (pairs.length > 0) yield chunk()
}

function hold({ slots, rows }: HeldSide, places: readonly number[]): void {
  for (const [column, slot] of slots.entries()) {
    slot.hold(places.map((place) => rows[place]?.[column] ?? null))
  }
}
