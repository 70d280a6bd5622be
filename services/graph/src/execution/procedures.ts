import { HyperMeshError, parseGraphTableName, printable } from '@hypermesh/contract'
import type { CallProcedure, Expression } from '../language/syntax-tree.ts'
import { argumentOf } from './argument.ts'
import { assertNoCursor } from './made-pages.ts'
import { runMatch } from './match-run.ts'
import { pipelineOfRows, runPipeline } from './pipeline.ts'
import { invalidQuery } from './query-error.ts'
import type { QueryContext, QueryResult, Row } from './query-result.ts'
import type { ValueType } from './value-type.ts'

type Columns = readonly { readonly name: string; readonly type: ValueType }[]

/** What CALL finds by its name. Its arguments are values; what it answers RETURN selects from. */
export type Procedure = (call: CallProcedure, context: QueryContext) => QueryResult

const tableColumns: Columns = [
  { name: 'name', type: 'string' },
  { name: 'member_tables', type: 'list<string>' },
  { name: 'bucket_seconds', type: 'int64' },
  { name: 'row_count', type: 'int64' },
]

const procedures: ReadonlyMap<string, Procedure> = new Map<string, Procedure>([
  ['show_hyperedge_tables', showTables],
  ['get_hyperedges_by_time_range', timeRange],
])

export function runCall(call: CallProcedure, context: QueryContext): QueryResult {
  const procedure = procedures.get(call.procedure) ?? context.measures?.(call)
  if (procedure !== undefined) return procedure(call, context)
  const known = [...procedures.keys()].join(', ')
  throw new HyperMeshError(
    'not_found',
    `there is no procedure ${printable(call.procedure)}; there are ${known} and one for each measure`,
  )
}

function assertArguments(call: CallProcedure, count: number, form: string): void {
  if (call.arguments.length !== count) throw invalidQuery(`write CALL ${form}`)
}

function showTables(call: CallProcedure, context: QueryContext): QueryResult {
  assertArguments(call, 0, 'show_hyperedge_tables()')
  assertNoCursor(context)
  const { tables, engine } = context.database
  const rows = async (): Promise<readonly Row[]> => {
    const found: Row[] = []
    for (const { table, members, bucket_seconds } of tables.list()) {
      const count = await engine.table(table).count({ signal: context.signal })
      found.push([table, members, bucket_seconds, count])
    }
    return found
  }
  return runPipeline(call.returning, pipelineOfRows(tableColumns, rows), context)
}

/** The same as a MATCH with both ends included. */
function timeRange(call: CallProcedure, context: QueryContext): QueryResult {
  assertArguments(call, 3, "get_hyperedges_by_time_range('Table', from, to)")
  const [name, from, to] = call.arguments
  const table = argumentOf(name, 'the name of a table')
  if (typeof table !== 'string') throw invalidQuery('the name of a table is a text')
  const bound = (operator: '>=' | '<=', right: Expression | undefined): Expression => ({
    kind: 'binary',
    operator,
    left: { kind: 'column', variable: null, name: 'event_ts' },
    right: right ?? { kind: 'literal', value: null },
  })
  const where: Expression = { kind: 'and', operands: [bound('>=', from), bound('<=', to)] }
  const patterns = [{ variable: null, table: parseGraphTableName(table) }]
  const { returning } = call
  return runMatch({ kind: 'match', patterns, asOf: null, where, unwind: null, returning }, context)
}
