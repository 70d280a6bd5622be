import { formatName } from '../language/format-expression.ts'
import type { Expression, Match, Unwind } from '../language/syntax-tree.ts'
import { aggregateCallsOf } from './aggregate-calls.ts'
import { engineGroups } from './engine-groups.ts'
import { runJoin } from './join-run.ts'
import { madePages } from './made-pages.ts'
import { MatchPages } from './match-pages.ts'
import { type MatchScan, scanChunks, scanOf } from './match-scan.ts'
import { type Chunks, type Pipeline, runPipeline } from './pipeline.ts'
import { columnsOfSource, outputColumns } from './projection.ts'
import { invalidQuery } from './query-error.ts'
import type { QueryContext, QueryResult } from './query-result.ts'
import type { Compiled, Scope } from './scope.ts'
import type { Value } from './value-type.ts'

/** MATCH HYPEREDGE of one pattern, or of two. */
export function runMatch(match: Match, context: QueryContext): QueryResult {
  const [pattern, other] = match.patterns
  if (pattern === undefined) throw invalidQuery('MATCH takes one pattern, or two')
  if (other !== undefined) return runJoin(match, [pattern, other], context)
  const table = context.database.table(pattern.table)
  const scan = scanOf(pattern, match, table)
  const newestFirst = engineOrder(match, pattern.variable)
  const { returning, unwind } = match
  const all = (scope: Scope) => columnsOfSource(scope, pattern.variable, null)
  const isPlain = newestFirst !== undefined && unwind === null && !returning.isDistinct
  if (isPlain && aggregateCallsOf(returning).size === 0) {
    const outputs = outputColumns(returning.items, scan.scope, all)
    const pages = new MatchPages(scan, { outputs, returning, newestFirst, context })
    return { columns: outputs, batches: pages.batches() }
  }
  const pages = madePages([table], context)
  const made = { ...scan, asOf: pages?.place?.seq ?? scan.asOf }
  if (unwind !== null) return runUnwound(match, unwind, { scan: made, pages, context })
  const chunks = () => scanChunks(made, context)
  const groups = engineGroups(made, context)
  return runPipeline(returning, { scope: scan.scope, all, chunks, groups, pages }, context)
}

/** The engine's own order, which needs no sorting: by event_ts, and as it came; undefined: another. */
function engineOrder({ returning }: Match, variable: string | null): boolean | undefined {
  const [term, ...others] = returning.orderBy
  if (term === undefined) return false
  if (others.length > 0 || !isEventTs(term.expression, variable)) return undefined
  const isHidden =
    returning.items !== 'all' && returning.items.some(({ alias }) => alias === 'event_ts')
  return isHidden ? undefined : term.isDescending
}

function isEventTs(expression: Expression, variable: string | null): boolean {
  if (expression.kind !== 'column' || expression.name !== 'event_ts') return false
  return expression.variable === null || expression.variable === variable
}

/** One row for each member, or for each role. */
function runUnwound(
  match: Match,
  unwind: Unwind,
  parts: {
    readonly scan: MatchScan
    readonly pages: Pipeline['pages']
    readonly context: QueryContext
  },
): QueryResult {
  const { scan, pages, context } = parts
  const { list, alias } = unwind
  if (list.kind !== 'column' || !['members', 'roles'].includes(list.name)) {
    throw invalidQuery('UNWIND takes the members or the roles of a hyperedge')
  }
  const slot = scan.source.slot(list.name)
  let element: Value = null
  const compiled: Compiled = {
    type: slot.type === 'list<node>' ? 'node' : 'string',
    evaluate: () => element,
  }
  const text = formatName(alias)
  const scope = { ...scan.scope, replaced: new Map([[text, compiled]]) }
  const all = (one: Scope) => [
    ...columnsOfSource(one, scan.source.pattern.variable, null),
    { name: alias, text, type: compiled.type, compiled },
  ]
  function* unwound(rows: Iterable<number>): Generator<number> {
    for (const row of rows) {
      for (const one of slot.get(row) as readonly Value[]) {
        element = one
        yield row
      }
    }
  }
  async function* chunks(): AsyncGenerator<Iterable<number>> {
    for await (const rows of scanChunks(scan, context)) yield unwound(rows)
  }
  const pipeline = { scope, all, chunks: chunks as () => Chunks, pages }
  return runPipeline(match.returning, pipeline, context)
}
