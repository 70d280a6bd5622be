import { quoteIdentifier } from '@hypermesh/contract'
import { castExpression } from './cast-expression.ts'
import { parseDuckDbType } from './duckdb-type.ts'
import type { SourceColumn, TargetColumn } from './source-columns.ts'

/** A SELECT from a relation whose columns have types of their own, each cast to its target. */
export function selectTyped(
  relation: string,
  columns: readonly SourceColumn[],
  targets: readonly TargetColumn[],
): string {
  const byName = new Map(columns.map((column) => [column.name, column]))
  const items = targets.map((target) => {
    const column = byName.get(target.sourceName)
    if (column === undefined) throw new RangeError(`no source column ${target.sourceName}`)
    const name = quoteIdentifier(column.name)
    const from = parseDuckDbType(column.sourceType)
    const value = column.from === 'override' ? `CAST(${name} AS ${column.sourceType})` : name
    return `${castExpression(value, from, target.type)} AS ${quoteIdentifier(target.name)}`
  })
  return `SELECT ${items.join(', ')} FROM ${relation}`
}
