import type { BoundParameters, DuckSession } from './session.ts'
import { printSql } from './sql-print.ts'
import type { SqlTree, TreeNode } from './sql-tree.ts'

/** The expressions as DuckDB writes them: a select list. */
export async function printExpressions(
  session: DuckSession,
  tree: SqlTree,
  expressions: readonly TreeNode[],
  signal: AbortSignal | undefined,
): Promise<string> {
  frameText ??= await selectListFrame(session, signal)
  const printed = expressions.map((expression) => tree.print(expression)).join(',')
  const json = frameText.replace('"@"', () => printed)
  return (await printSql(session, json, signal)).replace(/^SELECT /i, '')
}

/** The same of every session: a statement's tree as DuckDB's version has it. */
let frameText: string | undefined

/** The tree of a SELECT whose list is "@". */
async function selectListFrame(
  session: DuckSession,
  signal: AbortSignal | undefined,
): Promise<string> {
  const [row] = await session.rows("SELECT json_serialize_sql('SELECT 1') AS tree", { signal })
  const frame = JSON.parse(String(row?.tree).replaceAll('18446744073709551615', '0'))
  frame.statements[0].node.select_list = ['@']
  return JSON.stringify(frame)
}

/** The parameters named, of those given. */
export function onlyParameters(
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
