import { type HyperMeshError, printable } from '@hypermesh/contract'
import type { PlannerMemory } from './planner-memory.ts'
import type { DuckSession, RunOptions } from './session.ts'
import { readCalls, type TableCall } from './sql-calls.ts'
import { type ExplainedSql, splitExplain } from './sql-explain.ts'
import { positionOf } from './sql-position.ts'
import { printSql } from './sql-print.ts'
import { readAtClause, type TimeTravel } from './sql-time-travel.ts'
import { isNode, SqlTree, type TreeNode, textOf } from './sql-tree.ts'
import { type CallPlace, refuse, type TablePlace, walkSql } from './sql-walk.ts'

export interface GuardedTable {
  readonly namespace: string | undefined
  readonly table: string
  readonly at: TimeTravel | undefined
}

export interface GuardedSql {
  readonly kind: ExplainedSql['kind']
  /** `EXPLAIN` or `EXPLAIN ANALYZE` if it stood there; prefix and body together are what may run. */
  readonly prefix: string
  readonly body: string
  /** Every place that names a table, in the order of the tree; the same table may stand twice. */
  readonly tables: readonly GuardedTable[]
  /** Every call of a table function that DuckDB does not answer, in the order of the tree. */
  readonly calls: readonly TableCall[]
  /** Parameters that stand outside of AT clauses and of such calls: `1`, `2`, … or names. */
  readonly parameters: ReadonlySet<string>
  /** All parameters, those of AT clauses and calls too. */
  readonly allParameters: ReadonlySet<string>
  /**
   * Writes the statement anew with other names for its tables, without its AT clauses, and with a
   * table in the place of each call: until then it does not run where it has calls.
   */
  rewrite(names: readonly ViewName[], callNames?: readonly ViewName[]): Promise<RewrittenSql>
}

export interface GuardOptions extends RunOptions {
  /** Names of the table functions, lower case, that the platform answers. */
  readonly tableFunctions?: ReadonlySet<string> | undefined
  readonly memory?: PlannerMemory | undefined
}

export interface RewrittenSql {
  readonly body: string
  /** The parameters that are left, by the name they had: DuckDB wants numbers without a gap. */
  readonly parameterNames: ReadonlyMap<string, string>
}

export interface ViewName {
  readonly schema: string
  readonly view: string
}

/**
 * Lets through one statement that only reads tables, and tells which. Throws `invalid` with
 * `details.reason` for all else. The session parses and computes AT clauses, nothing more.
 */
export async function guardSql(
  session: DuckSession,
  sql: string,
  options: GuardOptions = {},
): Promise<GuardedSql> {
  if (sql.includes('\0')) throw refuse('parser', 'a statement cannot hold a NUL character')
  const explained = splitExplain(sql)
  const tree = await parse(session, explained, options)
  const statement = onlyStatement(tree)
  const walk = walkSql(tree, statement, options.tableFunctions)
  const tables: GuardedTable[] = []
  const allParameters = new Set(walk.parameters)
  for (const { namespace, table, node } of walk.tables) {
    const clause = isNode(node.at_clause)
      ? await readAtClause(session, tree, node.at_clause, options)
      : undefined
    for (const name of clause?.parameters ?? []) allParameters.add(name)
    tables.push({ namespace, table, at: clause?.at })
  }
  const { calls, parameters } = await readCalls(walk.calls, {
    ...{ session, tree, explained, parameters: options.parameters, signal: options.signal },
  })
  for (const name of parameters) allParameters.add(name)
  checkParameters(allParameters, options.parameters)
  return {
    kind: explained.kind,
    prefix: explained.prefix,
    body: explained.body,
    tables,
    calls,
    parameters: walk.parameters,
    allParameters,
    rewrite: async (names, callNames = []) => {
      rename(walk.tables, walk.columnReferences, names)
      for (const [index, place] of walk.calls.entries()) nameCall(place, callNames[index])
      for (const node of walk.parameterNodes) node.identifier = `p_${textOf(node.identifier)}`
      const body = await printSql(session, tree.print(), options.signal)
      const parameterNames = new Map([...walk.parameters].map((name) => [name, `p_${name}`]))
      // The blank parts it from a prefix.
      return { body: ` ${body}`, parameterNames }
    },
  }
}

/** DuckDB says so too where there are none at all. */
function checkParameters(
  wanted: ReadonlySet<string>,
  given: RunOptions['parameters'] | undefined,
): void {
  if (given === undefined) return
  const names = new Set(
    Array.isArray(given.values)
      ? given.values.map((_, index) => String(index + 1))
      : Object.keys(given.values),
  )
  const missing = [...wanted].find((name) => !names.has(name))
  const unused = [...names].find((name) => !wanted.has(name))
  if (missing !== undefined) throw refuse('parameter', `no value for the parameter $${missing}`)
  if (unused === undefined) return
  throw refuse('parameter', `the statement has no parameter $${printable(unused)}`)
}

async function parse(
  session: DuckSession,
  explained: ExplainedSql,
  { memory, signal }: GuardOptions,
): Promise<SqlTree> {
  const question = `tree ${explained.body}`
  const known = memory?.get(question)
  if (known !== undefined) return SqlTree.parse(known)
  const [row] = await session.rows('SELECT json_serialize_sql($1::VARCHAR) AS tree', {
    parameters: { values: [explained.body] },
    again: true,
    signal,
  })
  const text = String(row?.tree)
  const tree = SqlTree.parse(text)
  if (tree.root.error === true) throw toParseError(tree.root, explained)
  memory?.set(question, text)
  return tree
}

function onlyStatement(tree: SqlTree): TreeNode {
  const statements = Array.isArray(tree.root.statements) ? tree.root.statements : []
  if (statements.length > 1) {
    throw refuse('several-statements', `send one statement, not ${statements.length}`)
  }
  const [statement] = statements
  if (!isNode(statement)) throw refuse('empty', 'there is no statement to run')
  return statement
}

function toParseError(error: TreeNode, explained: ExplainedSql): HyperMeshError {
  const { body } = explained
  const message = textOf(error.error_message)
  if (textOf(error.error_type) === 'not implemented' && /Only SELECT/.test(message)) {
    const keyword = /^(?:\s|--[^\n]*\n|\/\*[\\s\\S]*?\*\/|\()*([A-Za-z]+)/.exec(body)?.[1]
    const what = keyword === undefined ? '' : `, not ${keyword.toUpperCase()}`
    return refuse(
      'not-a-query',
      keyword?.toLowerCase() === 'pivot'
        ? 'PIVOT must list its values: ON column IN (value, …)'
        : `this route only reads: send one SELECT, VALUES, FROM, DESCRIBE, SUMMARIZE or EXPLAIN${what}`,
      keyword === undefined ? {} : { statement: keyword.toUpperCase() },
    )
  }
  const offset = Number(textOf(error.position) || Number.NaN)
  if (!Number.isSafeInteger(offset)) return refuse('parser', message)
  const { line, column } = positionOf(explained, offset)
  return refuse('parser', `${message} (line ${line}, column ${column})`, { line, column })
}

function rename(
  places: readonly TablePlace[],
  columns: readonly TreeNode[],
  names: readonly ViewName[],
): void {
  const renamed = new Set<string>()
  for (const [index, { node, namespace, table }] of places.entries()) {
    const name = names[index]
    if (name === undefined) continue
    if (textOf(node.alias) === '') node.alias = table
    node.schema_name = name.schema
    node.table_name = name.view
    node.at_clause = null
    if (namespace !== undefined) renamed.add(`${namespace}.${table}`.toLowerCase())
  }
  // `ns.t.column` means nothing once t is an alias; `t.column` does.
  for (const node of columns) {
    const parts = Array.isArray(node.column_names) ? node.column_names : []
    const prefix = parts.slice(0, 2).map(textOf).join('.').toLowerCase()
    if (parts.length > 2 && renamed.has(prefix)) node.column_names = parts.slice(1)
  }
}

/** Makes the reference to a call one to a table; its alias stays what it was. */
function nameCall({ node, name }: CallPlace, table: ViewName | undefined): void {
  if (table === undefined) return
  if (textOf(node.alias) === '') node.alias = name
  delete node.function
  delete node.with_ordinality
  Object.assign(node, {
    type: 'BASE_TABLE',
    catalog_name: '',
    schema_name: table.schema,
    table_name: table.view,
    at_clause: null,
  })
}
