import { HyperMeshError, quoteIdentifier } from '@hypermesh/contract'
import { plannedValue, type ScanValue, sameMeaning } from './planned-value.ts'
import { isMomentary, type PlannerMemory } from './planner-memory.ts'
import type { DuckSession } from './session.ts'
import { makeNames, type SessionName } from './session-names.ts'
import { isNode, SqlTree, type TreeNode, type TreeValue, textOf } from './sql-tree.ts'

/** What is known of the rows that a scan needs. The table format prunes files by it. */
export type ScanFilter =
  | {
      readonly op: '=' | '!=' | '<' | '<=' | '>' | '>='
      readonly column: string
      readonly value: ScanValue
    }
  | { readonly op: 'in'; readonly column: string; readonly values: readonly ScanValue[] }
  | { readonly op: 'is-null' | 'is-not-null'; readonly column: string }
  | { readonly op: 'and' | 'or'; readonly children: readonly ScanFilter[] }

export interface PlannedTable {
  readonly schema: string
  readonly view: string
  readonly columns: readonly { readonly name: string; readonly type: string }[]
}

export interface PlannedView {
  readonly schema: string
  readonly view: string
  readonly sql: string
  readonly columnNames: readonly string[]
}

export interface FilterRequest {
  /** A guarded SELECT over the tables below, without EXPLAIN. */
  readonly sql: string
  readonly tables: readonly PlannedTable[]
  /** Views over those tables, each after what it reads. */
  readonly views?: readonly PlannedView[]
  /** The values that will be bound, with the types they are bound as. */
  readonly parameters: ReadonlyMap<string, ScanValue>
  readonly memory?: PlannerMemory | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Optimizers that rest on statistics of the (empty) tables, or give plans that cannot be printed.
 * A database that plans filters is opened with these switched off.
 */
export const planningDisabledOptimizers = [
  'statistics_propagation',
  'empty_result_pullup',
  'top_n',
  'top_n_window_elimination',
  'late_materialization',
  'compressed_materialization',
  'column_lifetime',
  'join_filter_pushdown',
  'row_group_pruner',
  'sampling_pushdown',
  'limit_pushdown',
  'build_side_probe_side',
  'common_subplan',
  'window_self_join',
] as const

/**
 * Plans the statement over empty tables of the same columns, which the session keeps for the next one, and reads the filters that DuckDB pushed
 * into each scan. Keys are `schema.view`, lower case; a table without an entry needs all its files.
 * The filters are necessary conditions: a row that fails them cannot matter to the statement.
 */
export async function planFilters(
  session: DuckSession,
  request: FilterRequest,
): Promise<ReadonlyMap<string, ScanFilter>> {
  try {
    const tree = SqlTree.parse(await planText(session, request))
    if (tree.root.error !== false) return new Map()
    return new FilterReader(tree, request.parameters).read()
  } catch (error) {
    if (request.signal?.aborted) throw error
    // A plan that cannot be made or printed prunes nothing; the statement itself will tell why.
    if (error instanceof HyperMeshError || error instanceof SyntaxError) return new Map()
    throw error
  }
}

/** The same for the same names and words, but for those of the moment. */
async function planText(session: DuckSession, request: FilterRequest): Promise<string> {
  const { sql, signal } = request
  const names = namesOf(request)
  const isSteady = ![sql, ...(request.views ?? []).map((view) => view.sql)].some(isMomentary)
  const memory = isSteady ? request.memory : undefined
  const question = `plan ${JSON.stringify([sql, ...names.map((name) => name.sql)])}`
  const known = memory?.get(question)
  if (known !== undefined) return known
  await makeNames(session, names, signal)
  const [row] = await session.rows(
    'SELECT json_serialize_plan($1::VARCHAR, optimize := true) AS plan',
    { parameters: { values: [sql] }, again: true, signal },
  )
  const plan = String(row?.plan)
  memory?.set(question, plan)
  return plan
}

/** A view of the catalog as a session has it. */
export function viewName({ schema, view, sql, columnNames }: PlannedView): SessionName {
  const names = columnNames.map(quoteIdentifier).join(', ')
  const columns = names === '' ? '' : ` (${names})`
  const named = `${quoteIdentifier(schema)}.${quoteIdentifier(view)}`
  const made = `CREATE VIEW ${named}${columns} AS ${sql};`
  return { schema, view, kind: 'VIEW', sql: made, readsNames: true }
}

function namesOf({ tables, views = [] }: FilterRequest): SessionName[] {
  return [
    ...tables.map((table) => ({ ...table, kind: 'TABLE' as const, sql: emptyTable(table) })),
    ...views.map(viewName),
  ]
}

function emptyTable({ schema, view, columns }: PlannedTable): string {
  const list = columns.map(({ name, type }) => `${quoteIdentifier(name)} ${type}`).join(', ')
  return `CREATE TABLE ${quoteIdentifier(schema)}.${quoteIdentifier(view)} (${list});`
}

type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>='

const comparisons: Readonly<Record<string, Comparison>> = {
  COMPARE_EQUAL: '=',
  COMPARE_NOTEQUAL: '!=',
  COMPARE_LESSTHAN: '<',
  COMPARE_LESSTHANOREQUALTO: '<=',
  COMPARE_GREATERTHAN: '>',
  COMPARE_GREATERTHANOREQUALTO: '>=',
}
const mirrored: Readonly<Record<Comparison, Comparison>> = {
  '=': '=',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
}

class FilterReader {
  readonly #tree: SqlTree
  readonly #parameters: ReadonlyMap<string, ScanValue>
  /** A null means that some scan of the table has no filter that is understood. */
  readonly #found = new Map<string, ScanFilter[] | null>()

  constructor(tree: SqlTree, parameters: ReadonlyMap<string, ScanValue>) {
    this.#tree = tree
    this.#parameters = parameters
  }

  read(): ReadonlyMap<string, ScanFilter> {
    this.#visit(this.#tree.root)
    const filters = new Map<string, ScanFilter>()
    for (const [table, found] of this.#found) {
      const [first, ...rest] = found ?? []
      if (first) filters.set(table, rest.length ? { op: 'or', children: [first, ...rest] } : first)
    }
    return filters
  }

  #visit(value: TreeValue | undefined): void {
    if (Array.isArray(value)) for (const item of value) this.#visit(item)
    else if (isNode(value)) {
      if (value.type === 'LOGICAL_GET') this.#readScan(value)
      for (const child of Object.values(value)) this.#visit(child)
    }
  }

  #readScan(node: TreeNode): void {
    const source = node.function_data
    if (!isNode(source) || textOf(source.table) === '') return
    const table = `${textOf(source.schema)}.${textOf(source.table)}`.toLowerCase()
    const filter = this.#scanFilter(node)
    const found = this.#found.get(table)
    if (filter === undefined || found === null) this.#found.set(table, null)
    else this.#found.set(table, [...(found ?? []), filter])
  }

  #scanFilter(node: TreeNode): ScanFilter | undefined {
    const filters = isNode(node.table_filters) ? node.table_filters.filters : undefined
    const names = Array.isArray(node.names) ? node.names : []
    const types = Array.isArray(node.returned_types) ? node.returned_types : []
    const children: ScanFilter[] = []
    for (const entry of Array.isArray(filters) ? filters : []) {
      if (!isNode(entry) || !isNode(entry.value)) continue
      const index = Number(this.#tree.numberText(entry.key))
      const name = names[index]
      const type = types[index]
      if (typeof name !== 'string' || !isNode(type)) continue
      const filter = this.#filter(entry.value, { name, type })
      if (filter) children.push(filter)
    }
    return all(children)
  }

  #filter(node: TreeNode, column: Column): ScanFilter | undefined {
    switch (node.filter_type) {
      case 'CONSTANT_COMPARISON':
        return this.#compare(comparisons[textOf(node.comparison_type)], node.constant, column)
      case 'IS_NULL':
        return { op: 'is-null', column: column.name }
      case 'IS_NOT_NULL':
        return { op: 'is-not-null', column: column.name }
      case 'IN_FILTER':
        return this.#isIn(node.values, column)
      case 'CONJUNCTION_AND':
        return all(this.#filters(node.child_filters, column).filter((child) => child !== undefined))
      case 'CONJUNCTION_OR':
        return any(this.#filters(node.child_filters, column))
      case 'OPTIONAL_FILTER':
        // Follows from the statement, so a row that fails it is not needed either.
        return isNode(node.child_filter) ? this.#filter(node.child_filter, column) : undefined
      case 'EXPRESSION_FILTER':
        return isNode(node.expr) ? this.#expression(node.expr, column) : undefined
      default:
        return undefined
    }
  }

  #filters(values: TreeValue | undefined, column: Column): (ScanFilter | undefined)[] {
    const nodes = Array.isArray(values) ? values : []
    return nodes.map((node) => (isNode(node) ? this.#filter(node, column) : undefined))
  }

  #expression(node: TreeNode, column: Column): ScanFilter | undefined {
    const type = textOf(node.type)
    const children = Array.isArray(node.children) ? node.children : []
    switch (node.expression_class) {
      case 'BOUND_COMPARISON':
        return this.#comparison(node, comparisons[type], column)
      case 'BOUND_CONJUNCTION': {
        const parts = children.map((child) =>
          isNode(child) ? this.#expression(child, column) : undefined,
        )
        if (type === 'CONJUNCTION_OR') return any(parts)
        return all(parts.filter((part) => part !== undefined))
      }
      case 'BOUND_OPERATOR': {
        const [first, ...rest] = children
        if (!isColumn(first)) return undefined
        if (type === 'OPERATOR_IS_NULL') return { op: 'is-null', column: column.name }
        if (type === 'OPERATOR_IS_NOT_NULL') return { op: 'is-not-null', column: column.name }
        if (type !== 'COMPARE_IN') return undefined
        return this.#isIn(rest, column)
      }
      default:
        return undefined
    }
  }

  #comparison(node: TreeNode, op: Comparison | undefined, column: Column): ScanFilter | undefined {
    if (op === undefined) return undefined
    if (isColumn(node.left)) return this.#compare(op, node.right, column)
    if (isColumn(node.right)) return this.#compare(mirrored[op], node.left, column)
    return undefined
  }

  #compare(
    op: Comparison | undefined,
    constant: TreeValue | undefined,
    column: Column,
  ): ScanFilter | undefined {
    const value = this.#constant(constant, column)
    return op && value ? { op, column: column.name, value } : undefined
  }

  #isIn(constants: TreeValue | undefined, column: Column): ScanFilter | undefined {
    const values = (Array.isArray(constants) ? constants : []).map((constant) =>
      this.#constant(constant, column),
    )
    if (values.length === 0 || values.includes(undefined)) return undefined
    return {
      op: 'in',
      column: column.name,
      values: values.filter((value) => value !== undefined),
    }
  }

  #constant(node: TreeValue | undefined, column: Column): ScanValue | undefined {
    if (!isNode(node)) return undefined
    if (node.expression_class === 'BOUND_PARAMETER') {
      const value = this.#parameters.get(textOf(node.identifier))
      return value && sameMeaning(value, column.type, this.#tree)
    }
    const literal = node.expression_class === 'BOUND_CONSTANT' ? node.value : node
    return isNode(literal) ? plannedValue(literal, column.type, this.#tree) : undefined
  }
}

interface Column {
  readonly name: string
  readonly type: TreeNode
}

function isColumn(value: TreeValue | undefined): boolean {
  return isNode(value) && value.expression_class === 'BOUND_REF'
}

function all(children: readonly ScanFilter[]): ScanFilter | undefined {
  return children.length > 1 ? { op: 'and', children } : children[0]
}

/** One part that is not understood makes the whole unknown. */
function any(children: readonly (ScanFilter | undefined)[]): ScanFilter | undefined {
  const known = children.filter((child) => child !== undefined)
  if (known.length === 0 || known.length < children.length) return undefined
  return known.length > 1 ? { op: 'or', children: known } : known[0]
}
