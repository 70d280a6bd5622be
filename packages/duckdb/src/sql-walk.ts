import { HyperMeshError, identifierPattern, printable } from '@hypermesh/contract'
import { isCallable } from './sql-functions.ts'
import { isNode, type SqlTree, type TreeNode, type TreeValue, textOf } from './sql-tree.ts'

/** A place in the statement that names a table. */
export interface TablePlace {
  readonly namespace: string | undefined
  readonly table: string
  /** Byte offset in the statement, where DuckDB knows it. */
  readonly offset: number | undefined
  readonly node: TreeNode
}

/** A place that calls a table function which the platform itself answers. */
export interface CallPlace {
  /** Lower case. */
  readonly name: string
  /** The table reference, and the call in it with its arguments. */
  readonly node: TreeNode
  readonly call: TreeNode
}

export interface WalkResult {
  readonly tables: readonly TablePlace[]
  readonly calls: readonly CallPlace[]
  /** Parameters outside of AT clauses: numbers from 1, or names. */
  readonly parameters: ReadonlySet<string>
  readonly parameterNodes: readonly TreeNode[]
  readonly columnReferences: readonly TreeNode[]
}

const depthMax = 1500

/** Nodes without a class: queries, table references, modifiers, and the details of types. */
const knownTypes = new Set([
  'SELECT_NODE',
  'SET_OPERATION_NODE',
  'RECURSIVE_CTE_NODE',
  'CTE_NODE',
  'BASE_TABLE',
  'SUBQUERY',
  'JOIN',
  'TABLE_FUNCTION',
  'EXPRESSION_LIST',
  'EMPTY',
  'PIVOT',
  'SHOW_REF',
  'LIMIT_MODIFIER',
  'LIMIT_PERCENT_MODIFIER',
  'ORDER_MODIFIER',
  'DISTINCT_MODIFIER',
  'ORDER_DEFAULT',
  'ASCENDING',
  'DESCENDING',
])

const knownClasses = new Set([
  'BETWEEN',
  'CASE',
  'CAST',
  'COLLATE',
  'COLUMN_REF',
  'COMPARISON',
  'CONJUNCTION',
  'CONSTANT',
  'FUNCTION',
  'LAMBDA',
  'LAMBDA_REF',
  'OPERATOR',
  'PARAMETER',
  'POSITIONAL_REFERENCE',
  'STAR',
  'SUBQUERY',
  'WINDOW',
])

const sizedMax = 10_000_000
const sizedFunctions = new Set([
  'array_resize',
  'generate_series',
  'list_resize',
  'lpad',
  'range',
  'repeat',
  'rpad',
])

const systemSchemas = new Set(['information_schema', 'pg_catalog'])
const systemTables = /^(duckdb|pragma|sqlite|pg|which|enable|disable)_/i

/** Names of common table expressions that are in sight, lower case. */
type Scope = ReadonlySet<string>

/**
 * Visits every node of the tree. What it does not know, it refuses: a new kind of node in a later
 * DuckDB is an error here until somebody has looked at it. `answered` are names of table functions,
 * lower case, that DuckDB does not have; their arguments are left to the caller.
 */
export function walkSql(
  tree: SqlTree,
  root: TreeNode,
  answered: ReadonlySet<string> = new Set(),
): WalkResult {
  const walk = new Walk(tree, answered)
  walk.visit(root, new Set(), 0)
  return walk
}

export function refuse(reason: string, message: string, details: object = {}): HyperMeshError {
  return new HyperMeshError('invalid', message, { details: { reason, ...details } })
}

class Walk implements WalkResult {
  readonly tables: TablePlace[] = []
  readonly calls: CallPlace[] = []
  readonly parameters = new Set<string>()
  readonly parameterNodes: TreeNode[] = []
  readonly columnReferences: TreeNode[] = []
  readonly #tree: SqlTree
  readonly #answered: ReadonlySet<string>

  constructor(tree: SqlTree, answered: ReadonlySet<string>) {
    this.#tree = tree
    this.#answered = answered
  }

  visit(value: TreeValue | undefined, scope: Scope, depth: number): void {
    if (depth > depthMax) throw refuse('too-deep', 'the statement is nested too deeply')
    if (Array.isArray(value)) {
      for (const item of value) this.visit(item, scope, depth + 1)
    } else if (isNode(value)) {
      this.#visitNode(value, scope, depth)
    }
  }

  #visitNode(node: TreeNode, scope: Scope, depth: number): void {
    if (typeof node.class === 'string') this.#visitExpression(node, node.class, scope, depth)
    else if (typeof node.type === 'string') this.#visitTyped(node, node.type, scope, depth)
    else this.#visitChildren(node, scope, depth)
  }

  #visitExpression(node: TreeNode, kind: string, scope: Scope, depth: number): void {
    if (!knownClasses.has(kind)) {
      throw refuse('unsupported-expression', `this statement may not use ${words(kind)}`)
    }
    if (kind === 'CONSTANT') return
    if (kind === 'FUNCTION' || kind === 'WINDOW') {
      checkFunction(node, 'scalar')
      this.#checkSize(node)
    }
    if (kind === 'PARAMETER') {
      this.parameters.add(textOf(node.identifier))
      this.parameterNodes.push(node)
    }
    if (kind === 'COLUMN_REF') this.columnReferences.push(node)
    this.#visitChildren(node, scope, depth, kind === 'CAST' ? ['cast_type'] : [])
  }

  /** These make one value of a size that is asked for, at once and outside of the memory limit. */
  #checkSize(node: TreeNode): void {
    const name = textOf(node.function_name).toLowerCase()
    if (!sizedFunctions.has(name) || !Array.isArray(node.children)) return
    for (const child of node.children) {
      const literal = isNode(child) && isNode(child.value) ? child.value.value : undefined
      const number = Number(this.#tree.numberText(literal) ?? 0)
      if (Math.abs(number) <= sizedMax) continue
      throw refuse('too-large-value', `${name} may not make a value of ${number} parts`, {
        function: name,
        max: sizedMax,
      })
    }
  }

  #visitTyped(node: TreeNode, type: string, scope: Scope, depth: number): void {
    if (!knownTypes.has(type)) {
      throw refuse('unsupported-clause', `this statement may not use ${words(type)}`)
    }
    if (type === 'BASE_TABLE') this.#visitTable(node, scope, depth)
    else if (type === 'TABLE_FUNCTION') this.#visitTableFunction(node, scope, depth)
    else if (type === 'SHOW_REF') this.#visitShow(node, scope, depth)
    else if (type === 'PIVOT') this.#visitPivot(node, scope, depth)
    else if (type === 'RECURSIVE_CTE_NODE') this.#visitRecursive(node, scope, depth)
    else this.#visitChildren(node, scope, depth)
  }

  /** Children see the CTEs of this node; each CTE sees those before it. */
  #visitChildren(node: TreeNode, outer: Scope, depth: number, skipped: string[] = []): void {
    let scope = outer
    if (isNode(node.cte_map)) scope = this.#visitCommonTables(node.cte_map, outer, depth)
    for (const [key, child] of Object.entries(node)) {
      if (key === 'cte_map' || skipped.includes(key) || isConstantValue(key, child)) continue
      this.visit(child, scope, depth + 1)
    }
  }

  #visitCommonTables(map: TreeNode, outer: Scope, depth: number): Scope {
    let scope = outer
    for (const entry of Array.isArray(map.map) ? map.map : []) {
      if (!isNode(entry)) continue
      this.visit(entry.value, scope, depth + 1)
      scope = new Set([...scope, checkCommonTableName(textOf(entry.key))])
    }
    return scope
  }

  #visitRecursive(node: TreeNode, scope: Scope, depth: number): void {
    const name = checkCommonTableName(textOf(node.cte_name))
    const { right, ...rest } = node
    this.#visitChildren(rest, scope, depth)
    this.visit(right, new Set([...scope, name]), depth + 1)
  }

  #visitTable(node: TreeNode, scope: Scope, depth: number): void {
    const [catalog, namespace, table] = [
      textOf(node.catalog_name),
      textOf(node.schema_name),
      textOf(node.table_name),
    ]
    this.visit(node.sample, scope, depth + 1)
    const isCommonTable = !catalog && !namespace && scope.has(table.toLowerCase())
    if (isCommonTable && node.at_clause === null) return
    checkTableName(catalog, namespace, table)
    const offset = Number(this.#tree.numberText(node.query_location) ?? Number.NaN)
    this.tables.push({
      namespace: namespace === '' ? undefined : namespace,
      table,
      offset: Number.isSafeInteger(offset) ? offset : undefined,
      node,
    })
  }

  #visitTableFunction(node: TreeNode, scope: Scope, depth: number): void {
    const { function: call, ...rest } = node
    if (!isNode(call) || call.class !== 'FUNCTION') {
      throw refuse('unsupported-clause', 'this statement may not use this kind of table function')
    }
    const name = textOf(call.function_name).toLowerCase()
    const isBare = textOf(call.schema) === '' && textOf(call.catalog) === ''
    if (isBare && this.#answered.has(name)) {
      if (node.with_ordinality === 'WITH_ORDINALITY') {
        throw refuse('unsupported-clause', `${name} takes no WITH ORDINALITY; use row_number()`)
      }
      this.calls.push({ name, node, call })
    } else {
      checkFunction(call, 'table')
      this.#visitChildren(call, scope, depth)
    }
    this.#visitChildren(rest, scope, depth)
  }

  #visitShow(node: TreeNode, scope: Scope, depth: number): void {
    if (!isNode(node.query)) {
      const what = textOf(node.table_name).replaceAll('"', '').replace(/^__/, '')
      throw refuse('unsupported-show', `SHOW ${printable(what)} is not served; list /v1/tables`)
    }
    this.#visitChildren(node, scope, depth)
  }

  #visitPivot(node: TreeNode, scope: Scope, depth: number): void {
    for (const pivot of Array.isArray(node.pivots) ? node.pivots : []) {
      if (isNode(pivot) && textOf(pivot.pivot_enum) !== '') {
        throw refuse('unsupported-pivot', 'PIVOT must list its values: ON column IN (value, …)')
      }
    }
    this.#visitChildren(node, scope, depth)
  }
}

/** `value` holds a literal where its type says so: { type: { id, … }, is_null, value }. */
function isConstantValue(key: string, child: TreeValue | undefined): boolean {
  if (key === 'values' || key === 'sample_size') return isLiteral(child)
  return key === 'value' && isLiteral(child)
}

function isLiteral(value: TreeValue | undefined): boolean {
  if (Array.isArray(value)) return value.length > 0 && value.every(isLiteral)
  return isNode(value) && isNode(value.type) && 'id' in value.type && 'is_null' in value
}

function checkFunction(node: TreeNode, kind: 'scalar' | 'table'): void {
  const name = textOf(node.function_name)
  const schema = textOf(node.schema)
  const known = schema === '' || schema === 'main' || schema === 'pg_catalog'
  if (known && textOf(node.catalog) === '' && isCallable(name, kind)) return
  const what = kind === 'table' ? 'table function' : 'function'
  throw refuse('forbidden-function', `this statement may not call the ${what} ${printable(name)}`, {
    function: name,
  })
}

function checkTableName(catalog: string, namespace: string, table: string): void {
  const name = [catalog, namespace, table].filter((part) => part !== '').join('.')
  if (catalog !== '') {
    throw refuse('forbidden-table', `"${printable(name)}" has three parts; write namespace.table`)
  }
  if (systemSchemas.has(namespace.toLowerCase()) || systemTables.test(table)) {
    throw refuse('forbidden-table', `"${printable(name)}" is a system table and is not served`)
  }
  const valid = [namespace || 'x', table].every((part) => identifierPattern.test(part))
  if (valid) return
  throw refuse(
    'forbidden-table',
    `"${printable(name)}" is not a table name; files cannot be read in place, write namespace.table`,
  )
}

function checkCommonTableName(name: string): string {
  if (!systemTables.test(name)) return name.toLowerCase()
  throw refuse('forbidden-table', `a WITH clause may not be named ${printable(name)}`)
}

function words(kind: string): string {
  return kind.toLowerCase().replaceAll('_', ' ')
}
