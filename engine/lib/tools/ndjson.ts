import { EngineError, quote, toEngineError } from '../errors.ts'
import type { HyperedgeInput } from '../hyperedges.ts'
import { microsToText } from '../instants.ts'
import type { TableSchema } from '../schema.ts'
import type { Table } from '../table.ts'
import type { PagesOptions, TableReader } from '../table-reader.ts'
import { type ExactHyperedge, exactRows } from './exact-rows.ts'
import { type ImportOptions, type ImportReport, importRows, type PlacedRow } from './import-rows.ts'
import { fromJsonValue, nodeToJson, propsToJson, toJson } from './json-values.ts'
import { readLines, type TextSource } from './text-lines.ts'

/** Which hyperedges are exported; all unless said. */
export type ExportOptions = Omit<PagesOptions, 'columns' | 'cursor'>

const fields = new Set(['at', 'until', 'members', 'roles', 'weight', 'label', 'key', 'props', 'id'])

/**
 * One hyperedge a line: `{"at": …, "members": […], …}`, as `insert` takes it. `id` is ignored.
 *
 * @throws EngineError with the number of the line
 */
export async function importNdjson(
  table: Table,
  source: TextSource,
  options?: ImportOptions,
): Promise<ImportReport> {
  return await importRows(table, readRows(source), options)
}

/** The lines of `importNdjson`, many to a piece. */
export async function* exportNdjson(
  table: TableReader,
  options: ExportOptions = {},
): AsyncGenerator<string, void, undefined> {
  const { schema } = table
  for await (const batch of table.pages(options)) {
    yield exactRows(batch, schema)
      .map((row) => `${toJson(toLine(row, schema))}\n`)
      .join('')
  }
}

async function* readRows(source: TextSource): AsyncGenerator<PlacedRow, void, undefined> {
  let line = 0
  for await (const text of readLines(source)) {
    line++
    if (text.trim() === '') continue
    const place = `line ${line}`
    yield { row: parseLine(text, place), place, ordinal: line }
  }
}

function parseLine(text: string, place: string): HyperedgeInput {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new EngineError('invalid', `${place} is not JSON`, { cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new EngineError('invalid', `${place} is not a JSON object`)
  }
  const unknown = Object.keys(value).find((name) => !fields.has(name))
  if (unknown !== undefined) {
    throw new EngineError('invalid', `${place} has the unknown field ${quote(unknown)}`)
  }
  const { id: _, ...row } = value as Record<string, unknown>
  for (const name of ['at', 'until']) if (name in row) row[name] = toInteger(row[name], place)
  if ('members' in row) row.members = toMembers(row.members, place)
  if (isRecord(row.props)) {
    row.props = mapFields(row.props, (part) => toInteger(part, place))
  }
  // The encoder checks each field.
  return row as unknown as HyperedgeInput
}

/** Nodes, nodes with their role, or role → nodes. */
function toMembers(members: unknown, place: string): unknown {
  if (Array.isArray(members)) {
    return members.map((member) =>
      isRecord(member) && 'node' in member
        ? { ...member, node: toInteger(member.node, place) }
        : toInteger(member, place),
    )
  }
  if (!isRecord(members)) return members
  return mapFields(members, (nodes) =>
    Array.isArray(nodes) ? nodes.map((node) => toInteger(node, place)) : nodes,
  )
}

/** Only where one value stands: a role or a property may be called `int` as well. */
function toInteger(value: unknown, place: string): unknown {
  try {
    return fromJsonValue(value)
  } catch (cause) {
    const failure = toEngineError(cause)
    throw new EngineError(failure.code, `${place}: ${failure.message}`, { cause })
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function mapFields(
  fields: Readonly<Record<string, unknown>>,
  map: (value: unknown) => unknown,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, map(value)]))
}

function toLine(row: ExactHyperedge, schema: TableSchema): Record<string, unknown> {
  return {
    id: row.id,
    at: microsToText(row.at),
    ...(row.until === null ? {} : { until: microsToText(row.until) }),
    members: row.members.map(nodeToJson),
    ...(row.roles === null ? {} : { roles: row.roles }),
    ...(row.weight === 1 ? {} : { weight: row.weight }),
    ...(row.label === null ? {} : { label: row.label }),
    ...(row.key === null ? {} : { key: row.key }),
    ...(row.props === undefined ? {} : { props: propsToJson(row.props, schema) }),
  }
}
