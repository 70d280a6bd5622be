import { microsText } from './instant-text.ts'
import type { DuckSession, RunOptions } from './session.ts'
import { onlyParameters, printExpressions } from './sql-constant.ts'
import type { ExplainedSql } from './sql-explain.ts'
import { positionOf, type SqlPosition } from './sql-position.ts'
import { isNode, type SqlTree, type TreeNode, type TreeValue, textOf } from './sql-tree.ts'
import { type CallPlace, refuse, walkSql } from './sql-walk.ts'

export interface CallArgument {
  /** As `DuckSession.rows` gives it; but a TIMESTAMP is ISO 8601 text, as a Date has no microseconds. */
  readonly value: unknown
  /** DuckDB's name. */
  readonly type: string
}

/** A call of a table function that somebody else than DuckDB answers. */
export interface TableCall {
  /** Lower case. */
  readonly name: string
  readonly positional: readonly CallArgument[]
  /** Of `name := value`, by the name in lower case. */
  readonly named: ReadonlyMap<string, CallArgument>
  /** Where it stands, if DuckDB knows it. */
  readonly position: SqlPosition | undefined
}

export interface ReadCalls {
  readonly calls: readonly TableCall[]
  readonly parameters: ReadonlySet<string>
}

interface Reading extends RunOptions {
  readonly session: DuckSession
  readonly tree: SqlTree
  readonly explained: ExplainedSql
}

/** Computes the arguments: constant expressions over literals and parameters. */
export async function readCalls(
  places: readonly CallPlace[],
  reading: Reading,
): Promise<ReadCalls> {
  const calls: TableCall[] = []
  const parameters = new Set<string>()
  for (const place of places) {
    const read = await readCall(place, reading)
    calls.push(read.call)
    for (const name of read.parameters) parameters.add(name)
  }
  return { calls, parameters }
}

async function readCall({ name, node, call }: CallPlace, reading: Reading) {
  const { session, tree, signal } = reading
  const nodes = (Array.isArray(call.children) ? call.children : []).filter(isNode)
  const fault = nodes.map((child) => findVariable(child)).find((found) => found !== undefined)
  if (fault !== undefined) throw variableArgument(name, fault, reading)
  const walk = walkSql(tree, { arguments: nodes })
  const parameters = onlyParameters(reading.parameters, walk.parameters)
  assertGiven(name, walk.parameters, parameters)
  const values = nodes.map((child, index): TreeNode => ({ ...child, alias: `a${index}` }))
  const list = nodes.length === 0 ? '' : await printExpressions(session, tree, values, signal)
  const more = nodes.map(
    (_, index) => `typeof(a${index}) AS t${index}, ${microsOf(`a${index}`)} AS m${index}`,
  )
  const sql = `SELECT *, ${more.join(', ')} FROM (SELECT ${list})`
  const [row = {}] = nodes.length === 0 ? [] : await session.rows(sql, { parameters, signal })
  const read = nodes.map((child, index) => ({
    label: textOf(child.alias).toLowerCase(),
    argument: {
      value: exactText(row[`m${index}`]) ?? row[`a${index}`],
      type: String(row[`t${index}`]),
    },
  }))
  const named = read.filter(({ label }) => label !== '')
  const twice = named.find(({ label }, index) => named.findIndex((o) => o.label === label) < index)
  if (twice !== undefined) throw refuse('call', `${name} is given ${twice.label} twice`)
  return {
    call: {
      name,
      positional: read.filter(({ label }) => label === '').map(({ argument }) => argument),
      named: new Map(named.map(({ label, argument }) => [label, argument])),
      position: placeOf(node, reading),
    },
    parameters: walk.parameters,
  }
}

/** Microseconds of what is a TIMESTAMP of some kind, else NULL. */
function microsOf(column: string): string {
  const text = `CASE WHEN typeof(${column}) LIKE 'TIMESTAMP%' THEN ${column}::VARCHAR END`
  return `epoch_us(TRY_CAST(${text} AS TIMESTAMPTZ))`
}

function exactText(micros: unknown): string | undefined {
  return typeof micros === 'bigint' ? microsText(micros) : undefined
}

/** What a value before the statement runs cannot rest on. */
const variableClasses = new Set([
  'COLUMN_REF',
  'LAMBDA',
  'POSITIONAL_REFERENCE',
  'STAR',
  'SUBQUERY',
  'WINDOW',
])

function findVariable(value: TreeValue | undefined): TreeNode | undefined {
  if (Array.isArray(value)) {
    for (const item of value) {
      const found = findVariable(item)
      if (found !== undefined) return found
    }
    return undefined
  }
  if (!isNode(value)) return undefined
  if (variableClasses.has(textOf(value.class))) return value
  return findVariable(Object.values(value))
}

function variableArgument(name: string, node: TreeNode, reading: Reading) {
  const at = placeOf(node, reading)
  const where = at === undefined ? '' : ` (line ${at.line}, column ${at.column})`
  const message = `${name} takes constants and parameters, not a column or a query${where}`
  return refuse('call', message, { function: name, ...at })
}

function assertGiven(
  name: string,
  wanted: ReadonlySet<string>,
  given: RunOptions['parameters'],
): void {
  const values = new Set(Object.keys(given?.values ?? {}))
  const missing = [...wanted].find((each) => !values.has(each))
  if (missing === undefined) return
  throw refuse('parameter', `no value for the parameter $${missing}, which ${name} needs`)
}

function placeOf(node: TreeNode, { tree, explained }: Reading): SqlPosition | undefined {
  const offset = Number(tree.numberText(node.query_location) ?? Number.NaN)
  return Number.isSafeInteger(offset) ? positionOf(explained, offset) : undefined
}
