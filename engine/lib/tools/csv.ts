import { EngineError, invalid, quote } from '../errors.ts'
import type { HyperedgeInput } from '../hyperedges.ts'
import { type Instant, microsToText } from '../instants.ts'
import { LargeMap } from '../large-map.ts'
import type { NodeId } from '../node-ids.ts'
import type { PropertyValue } from '../property-values.ts'
import type { PropertyType, TableSchema } from '../schema.ts'
import type { Table } from '../table.ts'
import type { TableReader } from '../table-reader.ts'
import { type CsvField, readCsv, toCsvLine } from './csv-records.ts'
import { type ExactHyperedge, exactRows } from './exact-rows.ts'
import { type ImportOptions, type ImportReport, importRows, type PlacedRow } from './import-rows.ts'
import type { ExportOptions } from './ndjson.ts'
import type { TextSource } from './text-lines.ts'

/** How a CSV file is imported. */
export interface CsvImportOptions extends ImportOptions {
  /** Nodes of digits are integers where there is no column `node_kind`. False unless said. */
  readonly integerNodes?: boolean
}

const fixedColumns = [
  'edge',
  'node',
  'node_kind',
  'role',
  'event_ts',
  'valid_to',
  'weight',
  'label',
  'key',
] as const
type FixedColumn = (typeof fixedColumns)[number]

/**
 * One membership a line, with a header: `edge,node[,node_kind,role,event_ts,…]` and properties by
 * their name (`props.<name>` where a fixed column has it). The lines of an edge stand together; what
 * belongs to the edge is taken from its first line. Nothing between commas is null, `""` is empty.
 *
 * @throws EngineError with the number of the line
 */
export async function importCsv(
  table: Table,
  source: TextSource,
  options: CsvImportOptions = {},
): Promise<ImportReport> {
  return await importRows(table, readEdges(source, table.schema, options), options)
}

/** The lines of `importCsv`, many to a piece. */
export async function* exportCsv(
  table: TableReader,
  options: ExportOptions = {},
): AsyncGenerator<string, void, undefined> {
  const { schema } = table
  const names = schema.properties.map(({ name }) => columnOf(name))
  // With the first page: what is read is the state at that time.
  let header = toCsvLine([...fixedColumns, ...names])
  for await (const batch of table.pages(options)) {
    const lines = exactRows(batch, schema).flatMap((row) => toLines(row, schema))
    yield header + lines.join('')
    header = ''
  }
}

function columnOf(property: string): string {
  const isTaken = fixedColumns.some((name) => name === property)
  return isTaken ? `props.${property}` : property
}

function toLines(row: ExactHyperedge, schema: TableSchema): string[] {
  const shared = [
    microsToText(row.at),
    row.until === null ? null : microsToText(row.until),
    numberToText(row.weight),
    row.label,
    row.key,
    ...schema.properties.map(({ name, type }) => toText(row.props?.[name] ?? null, type)),
  ]
  return row.members.map((node, place) => {
    const kind = typeof node === 'string' ? 'text' : 'int'
    return toCsvLine([String(row.id), String(node), kind, row.roles?.[place] ?? null, ...shared])
  })
}

function toText(value: PropertyValue, type: PropertyType): string | null {
  if (value === null) return null
  if (type === 'timestamp' && typeof value === 'bigint') return microsToText(value)
  return typeof value === 'number' ? numberToText(value) : String(value)
}

function numberToText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

/** Reads fields by the header's names. */
class Header {
  readonly #places: ReadonlyMap<string, number>
  readonly #columnCount: number
  readonly properties: readonly { readonly name: string; readonly type: PropertyType }[]

  constructor(fields: readonly CsvField[], schema: TableSchema) {
    const names = fields.map(({ text }) => text.trim())
    this.#places = new Map(names.map((name, place) => [name, place]))
    this.#columnCount = names.length
    const known = new Set<string>(fixedColumns)
    for (const { name } of schema.properties) known.add(columnOf(name))
    const unknown = names.find((name) => !known.has(name))
    if (unknown !== undefined) {
      throw new EngineError('not_found', `line 1: ${schema.name} has no property ${quote(unknown)}`)
    }
    if (this.#places.size !== names.length) throw invalid('line 1: a column stands there twice')
    for (const name of ['edge', 'node', 'event_ts']) {
      if (!this.#places.has(name)) throw invalid(`line 1: there is no column ${name}`)
    }
    this.properties = schema.properties.filter(({ name }) => this.#places.has(columnOf(name)))
  }

  get columnCount(): number {
    return this.#columnCount
  }

  field(fields: readonly CsvField[], name: string): string | null {
    const place = this.#places.get(name)
    const field = place === undefined ? undefined : fields[place]
    if (field === undefined || (field.text === '' && !field.isQuoted)) return null
    return field.text
  }

  fixed(fields: readonly CsvField[], name: FixedColumn): string | null {
    return this.field(fields, name)
  }
}

interface OpenEdge {
  readonly edge: string
  readonly line: number
  readonly row: HyperedgeInput
  readonly members: NodeId[]
  readonly roles: (string | null)[]
}

async function* readEdges(
  source: TextSource,
  schema: TableSchema,
  options: CsvImportOptions,
): AsyncGenerator<PlacedRow, void, undefined> {
  let header: Header | undefined
  let open: OpenEdge | undefined
  const seen = new LargeMap<string, true>()
  for await (const { fields, line } of readCsv(source)) {
    if (header === undefined) {
      header = new Header(fields, schema)
      continue
    }
    const edge = checkEdge(header, fields, line)
    if (open !== undefined && open.edge !== edge) {
      yield close(open, seen.size)
      open = undefined
    }
    if (open === undefined) {
      if (seen.has(edge)) throw invalid(`line ${line}: the lines of edge ${quote(edge)} are apart`)
      seen.set(edge, true)
      open = { edge, line, row: toRow(header, fields, line), members: [], roles: [] }
    }
    open.members.push(toNode(header, fields, { line, options }))
    open.roles.push(header.fixed(fields, 'role'))
  }
  if (open !== undefined) yield close(open, seen.size)
}

function close({ row, members, roles, line }: OpenEdge, ordinal: number): PlacedRow {
  const hasRoles = roles.some((role) => role !== null)
  const full = hasRoles ? { ...row, members, roles } : { ...row, members }
  return { row: full, place: `line ${line}`, ordinal }
}

function checkEdge(header: Header, fields: readonly CsvField[], line: number): string {
  if (fields.length !== header.columnCount) {
    throw invalid(`line ${line} has ${fields.length} fields, the header ${header.columnCount}`)
  }
  const edge = header.fixed(fields, 'edge')
  if (edge === null) throw invalid(`line ${line} names no edge`)
  return edge
}

function toNode(
  header: Header,
  fields: readonly CsvField[],
  { line, options }: { readonly line: number; readonly options: CsvImportOptions },
): NodeId {
  const node = header.fixed(fields, 'node')
  if (node === null) throw invalid(`line ${line} names no node`)
  const kind = header.fixed(fields, 'node_kind')
  if (kind !== null && kind !== 'int' && kind !== 'text') {
    throw invalid(`line ${line}: node_kind is int or text, not ${quote(kind)}`)
  }
  const isDigits = /^\d{1,20}$/.test(node)
  if (kind === 'text' || (kind === null && !(options.integerNodes && isDigits))) return node
  if (!isDigits) throw invalid(`line ${line}: the node ${quote(node)} is no integer`)
  return BigInt(node)
}

function toRow(header: Header, fields: readonly CsvField[], line: number): HyperedgeInput {
  const at = header.fixed(fields, 'event_ts')
  if (at === null) throw invalid(`line ${line} has no event_ts`)
  const weight = header.fixed(fields, 'weight')
  const until = header.fixed(fields, 'valid_to')
  // Without a prototype, so that a property may be called __proto__.
  const props: Record<string, PropertyValue> = Object.create(null)
  for (const { name, type } of header.properties) {
    const text = header.field(fields, columnOf(name))
    if (text !== null) props[name] = toValue(text, type, `line ${line}: property ${name}`)
  }
  return {
    at: toInstant(at),
    members: [],
    label: header.fixed(fields, 'label'),
    key: header.fixed(fields, 'key'),
    ...(until === null ? {} : { until: toInstant(until) }),
    ...(weight === null ? {} : { weight: toNumber(weight, `line ${line}: weight`) }),
    ...(header.properties.length === 0 ? {} : { props }),
  }
}

/** Digits are a number in the database's unit, as in `insert`. */
function toInstant(text: string): Instant {
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text
}

function toNumber(text: string, what: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw invalid(`${what} is no number`)
  return value
}

function toValue(text: string, type: PropertyType, what: string): PropertyValue {
  if (type === 'string') return text
  if (type === 'float64') return toNumber(text, what)
  if (type === 'bool') {
    if (text !== 'true' && text !== 'false') throw invalid(`${what} is neither true nor false`)
    return text === 'true'
  }
  if (type === 'timestamp') return toInstant(text)
  if (!/^-?\d{1,20}$/.test(text)) throw invalid(`${what} is no whole number`)
  return BigInt(text)
}
