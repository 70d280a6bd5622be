import { type GraphTimeUnit, HyperMeshError, type Limits, printable } from '@hypermesh/contract'
import type {
  HyperedgeChange,
  HyperedgeInput,
  PropertyValues,
  TableSchema,
} from '@hypermesh/engine'
import { toInstant } from './instants.ts'
import { fromJson } from './json-nodes.ts'
import type { TableDeclaration } from './table-catalog.ts'

/** How rows of a request are to be understood. */
export interface RowTerms {
  readonly unit: GraphTimeUnit
  /** Whether there may be integers as `{"int": "<digits>"}` among them. */
  readonly hasLongs: boolean
  readonly schema: TableSchema
  readonly declared: TableDeclaration
}

/** Throws `too_large` where there are more than one commit may have. */
export function assertBatch(count: number, { graphBatchMax }: Limits): void {
  if (count <= graphBatchMax) return
  throw new HyperMeshError('too_large', `${count} entries; a commit has at most ${graphBatchMax}`, {
    details: { limit: 'graph_batch_max', batchMax: graphBatchMax },
  })
}

/** Hyperedges of a request as the engine takes them, which checks each field of each row. */
export function toInputs(rows: readonly unknown[], terms: RowTerms): readonly HyperedgeInput[] {
  return toRows(rows, terms) as readonly HyperedgeInput[]
}

/** The same of changes, each of which names the hyperedge by `id`. */
export function toChanges(
  rows: readonly unknown[],
  terms: RowTerms,
): readonly (HyperedgeChange & { readonly id: number })[] {
  return toRows(rows, terms) as readonly (HyperedgeChange & { readonly id: number })[]
}

/**
 * The rows with keys that the same request has again, where they bring none of their own: so each is there
 * once, however often the request is sent.
 */
export function withKeys(
  rows: readonly HyperedgeInput[],
  idempotencyKey: string | undefined,
): readonly HyperedgeInput[] {
  if (idempotencyKey === undefined) return rows
  // What is no row is refused by the engine.
  return rows.map((row, place) =>
    isRecord(row) && (row.key ?? null) === null
      ? { ...row, key: `${idempotencyKey}:${place + 1}` }
      : row,
  )
}

function toRows(rows: readonly unknown[], terms: RowTerms): readonly unknown[] {
  if (terms.declared.members.length > 0) for (const row of rows) assertRoles(row, terms)
  // Nearly always: they are what the engine takes as they stand.
  if (terms.unit === 'ms' && !terms.hasLongs) return rows
  return rows.map((row) => toRow(row, terms))
}

function toRow(row: unknown, { unit, schema }: RowTerms): unknown {
  if (!isRecord(row)) return row
  const converted: Record<string, unknown> = { ...row }
  for (const name of ['at', 'until']) {
    const value = row[name]
    if (value !== undefined && value !== null) converted[name] = toInstant(value, unit, name)
  }
  if (Array.isArray(row.members)) converted.members = row.members.map(toMember)
  else if (isRecord(row.members)) {
    converted.members = mapFields(row.members, (nodes) =>
      Array.isArray(nodes) ? nodes.map(fromJson) : nodes,
    )
  }
  if (isRecord(row.props)) converted.props = toProps(row.props, { unit, schema })
  return converted
}

/** Properties of a request as the engine takes them. */
export function toProps(
  props: Readonly<Record<string, unknown>>,
  { unit, schema }: Pick<RowTerms, 'unit' | 'schema'>,
): PropertyValues {
  const instants = new Set(
    schema.properties.filter(({ type }) => type === 'timestamp').map(({ name }) => name),
  )
  return mapFields(props, (value, name) =>
    instants.has(name) && typeof value === 'number'
      ? toInstant(value, unit, `property ${name}`)
      : fromJson(value),
  ) as PropertyValues
}

function toMember(member: unknown): unknown {
  return isRecord(member) && 'node' in member
    ? { ...member, node: fromJson(member.node) }
    : fromJson(member)
}

/** Throws `type_mismatch` at a role that is none of the declared kinds of members. */
export function assertRoles(
  row: unknown,
  { declared, schema }: Pick<RowTerms, 'declared' | 'schema'>,
): void {
  if (!isRecord(row)) return
  const check = (role: unknown) => {
    if (typeof role !== 'string' || declared.members.includes(role)) return
    const kinds = declared.members.join(', ')
    throw new HyperMeshError(
      'type_mismatch',
      `${schema.name} has members of ${kinds}, not of "${printable(role)}"`,
      { details: { role: printable(role), members: declared.members } },
    )
  }
  if (Array.isArray(row.roles)) row.roles.forEach(check)
  if (Array.isArray(row.members)) {
    for (const member of row.members) if (isRecord(member)) check(member.role)
  } else if (isRecord(row.members)) {
    Object.keys(row.members).forEach(check)
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Without a prototype, so that a field may be called __proto__. */
function mapFields(
  fields: Readonly<Record<string, unknown>>,
  map: (value: unknown, name: string) => unknown,
): Record<string, unknown> {
  const mapped: Record<string, unknown> = Object.create(null)
  for (const [name, value] of Object.entries(fields)) mapped[name] = map(value, name)
  return mapped
}
