import { HyperMeshError, type IcebergType, quoteIdentifier } from '@hypermesh/contract'
import type { DuckDbType } from './duckdb-type.ts'
import { toDuckDbType } from './iceberg-types.ts'
import { quoteText } from './sql-text.ts'

/** Begins the message of a cast that would have lost something; see source-error.ts. */
export const inexactMarker = 'inexact value: '

/**
 * How a JSON value becomes text: `exact` as it is written, a string in its quotes; `bare` a string
 * without them, and null as NULL.
 */
export type JsonText = 'exact' | 'bare'

/**
 * SQL that turns an expression of one DuckDB type into what a column of an Iceberg type is written
 * from. It fails, never rounds, where a value does not fit.
 */
export function castExpression(
  sql: string,
  from: DuckDbType,
  to: IcebergType,
  json: JsonText = 'exact',
): string {
  const target = toDuckDbType(to)
  if (from.kind === 'scalar' && from.name === target) return sql
  if (needsRebuild(from, json) && typeof to !== 'string') return rebuild(sql, from, to, json)
  if (json === 'bare' && isJson(from) && to === 'string') return bareText(sql)
  if (!isNanoseconds(from) || to === 'string') return `CAST(${sql} AS ${target})`
  const back = `CAST(CAST(${sql} AS ${target}) AS ${from.name})`
  return guarded(sql, `${back} IS DISTINCT FROM ${sql}`, `CAST(${sql} AS ${target})`, from.name)
}

/** `value` unless `isLossy` holds, then an error that carries the offending value. */
export function guarded(sql: string, isLossy: string, value: string, label: string): string {
  const shown = `left(CAST(${sql} AS VARCHAR), 100)`
  const message = `${quoteText(`${inexactMarker}${label} `)} || ${shown}`
  return `CASE WHEN ${isLossy} THEN error(${message}) ELSE ${value} END`
}

function isNanoseconds(type: DuckDbType): type is DuckDbType & { kind: 'scalar' } {
  return type.kind === 'scalar' && (type.name === 'TIMESTAMP_NS' || type.name === 'TIME_NS')
}

function isJson(type: DuckDbType): boolean {
  return type.kind === 'scalar' && type.name === 'JSON'
}

function bareText(sql: string): string {
  return (
    `CASE json_type(${sql}) WHEN 'VARCHAR' THEN json_extract_string(${sql}, '$') ` +
    `WHEN 'NULL' THEN NULL ELSE CAST(${sql} AS VARCHAR) END`
  )
}

function needsRebuild(type: DuckDbType, json: JsonText): boolean {
  const holds = (inner: DuckDbType) =>
    isNanoseconds(inner) || (json === 'bare' && isJson(inner)) || needsRebuild(inner, json)
  switch (type.kind) {
    case 'list':
    case 'array':
      return holds(type.element)
    case 'map':
      return holds(type.key) || holds(type.value)
    case 'struct':
      return type.fields.some((field) => holds(field.type))
    default:
      return false
  }
}

function rebuild(
  sql: string,
  from: DuckDbType,
  to: Exclude<IcebergType, string>,
  json: JsonText,
): string {
  if ((from.kind === 'list' || from.kind === 'array') && to.type === 'list') {
    const variable = variableFor(sql)
    const element = castExpression(variable, from.element, to.element, json)
    const list = from.kind === 'array' ? `array_to_list(${sql})` : sql
    return `list_transform(${list}, ${variable} -> ${element})`
  }
  if (from.kind === 'map' && to.type === 'map') {
    const inner = variableFor(sql)
    const key = castExpression(inner, from.key, to.key, json)
    const value = castExpression(inner, from.value, to.value, json)
    const keys = `list_transform(map_keys(${sql}), ${inner} -> ${key})`
    const values = `list_transform(map_values(${sql}), ${inner} -> ${value})`
    return `CASE WHEN ${sql} IS NULL THEN NULL ELSE map(${keys}, ${values}) END`
  }
  if (from.kind === 'struct' && to.type === 'struct') {
    const fields = from.fields.map((field) => {
      const target = to.fields.find((candidate) => candidate.name === field.name)
      if (target === undefined) throw unmatched(field.name)
      const member = `struct_extract(${sql}, ${quoteText(field.name)})`
      const value = castExpression(member, field.type, target.type, json)
      return `${quoteIdentifier(field.name)} := ${value}`
    })
    return `CASE WHEN ${sql} IS NULL THEN NULL ELSE struct_pack(${fields.join(', ')}) END`
  }
  throw unmatched(from.kind)
}

function unmatched(what: string): HyperMeshError {
  return new HyperMeshError('type_mismatch', `"${what}" has no counterpart in the table`)
}

/** A lambda's variable that no enclosing one uses. */
function variableFor(sql: string): string {
  return `v${(sql.match(/\bv\d+\b/g) ?? []).length}_${sql.length}`
}
