import type { DuckSession, RunOptions } from './session.ts'
import { onlyParameters, printExpressions } from './sql-constant.ts'
import { isNode, type SqlTree, type TreeNode, textOf } from './sql-tree.ts'
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
  const { signal } = options
  const nodes = isNode(clause.expr) ? [clause.expr] : []
  const expression = await printExpressions(session, tree, nodes, signal)
  const run = { parameters: onlyParameters(options.parameters, walk.parameters), signal }
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
