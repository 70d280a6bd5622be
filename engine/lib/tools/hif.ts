import { EngineError, invalid, quote } from '../errors.ts'
import type { HyperedgeInput } from '../hyperedges.ts'
import { type Instant, microsToText } from '../instants.ts'
import { mapFor } from '../large-map.ts'
import type { NodeId } from '../node-ids.ts'
import type { PropertyValue } from '../property-values.ts'
import type { TableSchema } from '../schema.ts'
import type { Table } from '../table.ts'
import type { TableReader } from '../table-reader.ts'
import { type ExactHyperedge, exactRows } from './exact-rows.ts'
import { type HifDocument, type HifEdge, type HifIncidence, parseHif } from './hif-document.ts'
import { type ImportOptions, type ImportReport, importRows, type PlacedRow } from './import-rows.ts'
import { fromJsonValue, propsToJson, toJson } from './json-values.ts'
import type { ExportOptions } from './ndjson.ts'
import { decodeText, type TextSource } from './text-lines.ts'

/** How an HIF file is imported. */
export interface HifImportOptions extends ImportOptions {
  /** When edges without `event_ts` happened; without it they are refused. */
  readonly defaultAt?: Instant
  /** Whether attributes that the table does not have are dropped. False unless said: refused. */
  readonly dropUnknown?: boolean
}

const edgeFields = new Set(['event_ts', 'valid_to', 'label', 'key'])

/**
 * A hypergraph in the interchange format (HIF). The event time is the edge's attribute `event_ts`,
 * beside `valid_to`, `label`, `key` and the table's properties; a role is the incidence's attribute
 * `role`, else its direction. The whole file is held in memory, as the format asks for. Attributes of
 * nodes and weights of incidences are not taken: they are refused unless `dropUnknown` says otherwise.
 */
export async function importHif(
  table: Table,
  source: TextSource,
  options: HifImportOptions = {},
): Promise<ImportReport> {
  const document = parseHif(await readJson(source))
  const { schema } = table
  return await importRows(table, toRows(document, schema, options), options)
}

/** A document of `importHif`, in pieces. */
export async function* exportHif(
  table: TableReader,
  options: ExportOptions = {},
): AsyncGenerator<string, void, undefined> {
  const { asOf, ...pages } = options
  // The two lists are two readings of one state, since a pair of them would be held in memory.
  const { reader, release } = table.hold(asOf)
  try {
    yield* toDocument(reader, pages)
  } finally {
    release()
  }
}

async function* toDocument(
  table: TableReader,
  pages: Omit<ExportOptions, 'asOf'>,
): AsyncGenerator<string, void, undefined> {
  const { schema } = table
  yield `{"network-type":"undirected","metadata":{"table":${JSON.stringify(table.name)}},\n"edges":[`
  let isFirst = true
  const list = (items: readonly unknown[]): string => {
    const text = items.map(toJson).join(',\n')
    const separator = isFirst || text === '' ? '\n' : ',\n'
    isFirst = isFirst && text === ''
    return text === '' ? '' : separator + text
  }
  for await (const batch of table.pages(pages)) {
    yield list(exactRows(batch, schema).map((row) => toHifEdge(row, schema)))
  }
  yield '\n],\n"incidences":['
  isFirst = true
  for await (const batch of table.pages(pages)) {
    yield list(exactRows(batch, schema).flatMap(toIncidences))
  }
  yield '\n]}\n'
}

function toHifEdge(row: ExactHyperedge, schema: TableSchema): unknown {
  const props = propsToJson(row.props ?? {}, schema)
  const clashing = Object.entries(props).filter(
    ([name]) => edgeFields.has(name) || name === 'props',
  )
  const plain = Object.entries(props).filter(
    ([name]) => !(edgeFields.has(name) || name === 'props'),
  )
  return {
    edge: row.id,
    weight: row.weight,
    attrs: {
      event_ts: microsToText(row.at),
      ...(row.until === null ? {} : { valid_to: microsToText(row.until) }),
      ...(row.label === null ? {} : { label: row.label }),
      ...(row.key === null ? {} : { key: row.key }),
      ...Object.fromEntries(plain),
      ...(clashing.length === 0 ? {} : { props: Object.fromEntries(clashing) }),
    },
  }
}

function toIncidences(row: ExactHyperedge): unknown[] {
  return row.members.map((node, place) => {
    const role = row.roles?.[place] ?? null
    const attrs = {
      ...(role === null ? {} : { role }),
      // The format's integers are JSON's, which are not exact beyond 2^53.
      ...(typeof node === 'bigint' ? { node_kind: 'int' } : {}),
    }
    const incidence = { edge: row.id, node: typeof node === 'bigint' ? String(node) : node }
    return Object.keys(attrs).length === 0 ? incidence : { ...incidence, attrs }
  })
}

async function readJson(source: TextSource): Promise<unknown> {
  const pieces: string[] = []
  for await (const piece of decodeText(source)) pieces.push(piece)
  try {
    return JSON.parse(pieces.join(''))
  } catch (cause) {
    throw new EngineError('invalid', 'the file is not JSON', { cause })
  }
}

async function* toRows(
  document: HifDocument,
  schema: TableSchema,
  options: HifImportOptions,
): AsyncGenerator<PlacedRow, void, undefined> {
  if (!options.dropUnknown) assertNothingLost(document)
  const incidences = mapFor<string | number, HifIncidence[]>(document.incidences.length)
  for (const incidence of document.incidences) {
    const list = incidences.get(incidence.edge)
    if (list === undefined) incidences.set(incidence.edge, [incidence])
    else list.push(incidence)
  }
  const edges = mapFor<string | number, HifEdge>(document.edges.length)
  for (const edge of document.edges) {
    if (edges.has(edge.edge)) throw invalid(`edges has ${quote(edge.edge)} twice`)
    if (!incidences.has(edge.edge)) throw invalid(`edge ${quote(edge.edge)} has no incidences`)
    edges.set(edge.edge, edge)
  }
  let ordinal = 0
  for (const id of incidences.keys()) {
    const place = `edge ${quote(id)}`
    const edge = edges.get(id) ?? { edge: id, weight: undefined, attrs: {} }
    yield {
      row: toRow(edge, incidences.get(id) ?? [], { schema, options, place }),
      place,
      ordinal: ++ordinal,
    }
  }
}

function assertNothingLost(document: HifDocument): void {
  const hint = 'is not kept here; allow that with dropUnknown'
  const node = document.nodes.find(
    ({ weight, attrs }) => weight !== undefined || Object.keys(attrs).length > 0,
  )
  if (node !== undefined) throw invalid(`what nodes says of ${quote(node.node)} ${hint}`)
  const weighted = document.incidences.find(({ weight }) => weight !== undefined)
  if (weighted !== undefined) {
    throw invalid(`the weight of ${quote(weighted.node)} in edge ${quote(weighted.edge)} ${hint}`)
  }
}

interface RowContext {
  readonly schema: TableSchema
  readonly options: HifImportOptions
  readonly place: string
}

function toRow(
  edge: HifEdge,
  incidences: readonly HifIncidence[],
  context: RowContext,
): HyperedgeInput {
  const { event_ts: eventTs, valid_to: validTo, label, key, props, ...rest } = edge.attrs
  const at = eventTs ?? context.options.defaultAt
  if (at === undefined) {
    throw invalid(`${context.place} has no attrs.event_ts; give defaultAt for such edges`)
  }
  const roles = incidences.map((one) => one.attrs.role ?? one.direction ?? null)
  const row = {
    at,
    members: incidences.map(toNode),
    props: toProps({ ...rest, ...toNestedProps(props) }, context),
    ...(validTo === undefined ? {} : { until: validTo }),
    ...(label === undefined ? {} : { label }),
    ...(key === undefined ? {} : { key }),
    ...(edge.weight === undefined ? {} : { weight: edge.weight }),
    ...(roles.every((role) => role === null) ? {} : { roles }),
  }
  // The encoder checks each field.
  return row as unknown as HyperedgeInput
}

/** What `exportHif` puts into `props`; of others an attribute like any other. */
function toNestedProps(props: unknown): object {
  if (props === undefined) return {}
  return typeof props === 'object' && props !== null && !Array.isArray(props) ? props : { props }
}

function toNode({ node, attrs }: HifIncidence): NodeId {
  const isInteger = attrs.node_kind === 'int' && typeof node === 'string' && /^\d+$/.test(node)
  return isInteger ? BigInt(node) : node
}

function toProps(
  attrs: Readonly<Record<string, unknown>>,
  { schema, options, place }: RowContext,
): Record<string, PropertyValue> {
  // Without a prototype, so that a property may be called __proto__.
  const props: Record<string, PropertyValue> = Object.create(null)
  for (const [name, value] of Object.entries(attrs)) {
    if (schema.properties.some((property) => property.name === name)) {
      // The encoder checks it.
      props[name] = fromJsonValue(value) as PropertyValue
    } else if (!options.dropUnknown) {
      const hint = 'declare it, or allow to drop it with dropUnknown'
      throw new EngineError(
        'not_found',
        `${place}: ${schema.name} has no property ${quote(name)}; ${hint}`,
      )
    }
  }
  return props
}
