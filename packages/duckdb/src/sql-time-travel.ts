import type { BoundParameters, DuckSession, RunOptions } from './session.ts'
import { printSql } from './sql-print.ts'
import { type SqlTree, type TreeNode, textOf } from './sql-tree.ts'
import { refuse, walkSql } from './sql-walk.ts'

/** A snapshot that a statement asks for: by id, or the one that was current at a time. */
export type TimeTravel = { readonly version: bigint } | { readonly timestampMs: number }

export interface AtClause {
  readonly at: TimeTravel
  readonly parameters: ReadonlySet<string>
}

/** Computes an AT clause: a constant expression over literals and parameters. */
export async function readAtClause(
  session: DuckSession,
  tree: SqlTree,
  clause: TreeNode,
  options: RunOptions,
): Promise<AtClause> {
  const walk = walkSql(tree, { expression: clause.expr ?? null })
  if (walk.tables.length > 0 || walk.columnReferences.length > 0) {
    throw refuse(
      'invalid-time-travel',
      'AT takes a constant or a parameter, not a column or a query',
    )
  }
  const expression = await printExpression(session, tree, clause, options.signal)
  const run = { parameters: only(options.parameters, walk.parameters), signal: options.signal }
  const read = textOf(clause.unit).toUpperCase() === 'VERSION' ? versionOf : instantOf
  return { at: await read(session, expression, run), parameters: walk.parameters }
}

async function versionOf(
  session: DuckSession,
  expression: string,
  run: RunOptions,
): Promise<TimeTravel> {
  const [row] = await session.rows(`SELECT CAST((${expression}) AS VARCHAR) AS text`, run)
  const text = row?.text
  if (typeof text === 'string' && /^\d{1,19}$/.test(text)) return { version: BigInt(text) }
  throw refuse('invalid-time-travel', 'AT (VERSION => …) takes a snapshot id, a whole number')
}

async function instantOf(
  session: DuckSession,
  expression: string,
  run: RunOptions,
): Promise<TimeTravel> {
  const [typed] = await session.rows(`SELECT typeof((${expression})) AS type`, run)
  const type = String(typed?.type)
  if (!/^(VARCHAR|DATE|TIMESTAMP.*)$/.test(type)) {
    throw refuse('invalid-time-travel', `AT (TIMESTAMP => …) takes a timestamp, not ${type}`)
  }
  const micros = `epoch_us(CAST((${expression}) AS TIMESTAMP WITH TIME ZONE))`
  const [row] = await session.rows(`SELECT floor(${micros} / 1000)::BIGINT AS ms`, run)
  if (typeof row?.ms === 'bigint') return { timestampMs: Number(row.ms) }
  throw refuse('invalid-time-travel', 'AT (TIMESTAMP => …) takes a timestamp, not NULL')
}

async function printExpression(
  session: DuckSession,
  tree: SqlTree,
  clause: TreeNode,
  signal: AbortSignal | undefined,
): Promise<string> {
  const [row] = await session.rows("SELECT json_serialize_sql('SELECT 1') AS tree", { signal })
  const frame = JSON.parse(String(row?.tree).replaceAll('18446744073709551615', '0'))
  frame.statements[0].node.select_list = ['@']
  const json = JSON.stringify(frame).replace('"@"', () => tree.print(clause.expr ?? null))
  return (await printSql(session, json, signal)).replace(/^SELECT /i, '')
}

/** The parameters named, of those given. */
function only(
  given: BoundParameters | undefined,
  names: ReadonlySet<string>,
): BoundParameters | undefined {
  if (given === undefined || names.size === 0) return undefined
  const pick = <T>(record: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(record).filter(([name]) => names.has(name)))
  return {
    values: pick(byName(given.values)),
    ...(given.types ? { types: pick(byName(given.types)) } : {}),
  }
}

function byName<T>(
  values: readonly T[] | Readonly<Record<string, T>>,
): Readonly<Record<string, T>> {
  // The declared union is told apart by Array.isArray, which does not narrow readonly arrays.
  if (!Array.isArray(values)) return values as Readonly<Record<string, T>>
  return Object.fromEntries(values.map((value: T, index) => [String(index + 1), value]))
}
