import type { RecordBatch, Vector } from 'apache-arrow'
import { createArrowPieces } from '../arrow-pieces.ts'
import { type Arrow, loadArrow, type UniformNodes } from '../arrow-table.ts'
import { EngineError, invalid } from '../errors.ts'
import type { HyperedgeInput } from '../hyperedges.ts'
import { microsNever } from '../instants.ts'
import type { NodeId } from '../node-ids.ts'
import { propertyColumnName } from '../result-names.ts'
import type { TableSchema } from '../schema.ts'
import type { Table } from '../table.ts'
import type { TableReader } from '../table-reader.ts'
import { type ImportOptions, type ImportReport, importRows, type PlacedRow } from './import-rows.ts'
import type { ExportOptions } from './ndjson.ts'

const columnNames = ['at', 'until', 'weight', 'label', 'key', 'members', 'roles', 'membersInteger']

/**
 * An Arrow IPC stream or file with the columns `at` (a timestamp or a date), `members` (a list of integers or
 * strings) and, where wanted, `membersInteger`, `roles`, `until`, `weight`, `label`, `key` and the
 * table's properties: what `exportArrow` and `ColumnBatch.toIPC` write. Needs `apache-arrow`.
 */
export async function importArrow(
  table: Table,
  source: AsyncIterable<Uint8Array>,
  options?: ImportOptions,
): Promise<ImportReport> {
  return await importRows(table, readRows(source, table.schema), options)
}

/** The hyperedges of such a file, one after the other. */
export async function* readArrow(
  source: AsyncIterable<Uint8Array>,
  schema: TableSchema,
): AsyncGenerator<HyperedgeInput, void, undefined> {
  for await (const { row } of readRows(source, schema)) yield row
}

/**
 * An Arrow IPC stream with one record batch a page, all of one schema: `members` are UInt64 where all nodes
 * of the table are integers, else texts beside `membersInteger`.
 */
export async function* exportArrow(
  table: TableReader,
  options: ExportOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const arrow = await loadArrow()
  const sink = createArrowPieces(arrow)
  const writer = new arrow.RecordBatchStreamWriter()
  const { asOf, ...find } = options
  const { reader, release } = table.hold(asOf)
  try {
    const nodes: UniformNodes = (await reader.hasIntegerNodesOnly()) ? 'integers' : 'texts'
    let isFirst = true
    for await (const page of reader.pages(find)) {
      const { schema, batches } = await page.toUniformArrow(nodes)
      if (isFirst) writer.reset(sink, schema)
      isFirst = false
      for (const batch of batches) writer.write(batch)
      yield* sink.take()
    }
  } finally {
    release()
  }
  writer.finish()
  yield* sink.take()
}

async function* readRows(
  source: AsyncIterable<Uint8Array>,
  schema: TableSchema,
): AsyncGenerator<PlacedRow, void, undefined> {
  const arrow = await loadArrow()
  let ordinal = 0
  let reader: Awaited<ReturnType<typeof arrow.RecordBatchReader.from>>
  try {
    reader = await arrow.RecordBatchReader.from(source)
    await reader.open()
  } catch (cause) {
    throw new EngineError('invalid', 'the file is no Arrow IPC stream', { cause })
  }
  for await (const batch of reader) {
    const read = new BatchReader(arrow, batch, schema)
    for (let row = 0; row < batch.numRows; row++) {
      ordinal++
      yield { row: read.row(row), place: `row ${ordinal}`, ordinal }
    }
  }
}

class BatchReader {
  readonly #arrow: Arrow
  readonly #columns: ReadonlyMap<string, Vector>
  readonly #properties: readonly { readonly name: string; readonly column: Vector }[]

  constructor(arrow: Arrow, batch: RecordBatch, schema: TableSchema) {
    this.#arrow = arrow
    const columns = new Map<string, Vector>()
    for (const { name } of batch.schema.fields) {
      const column = batch.getChild(name)
      if (column !== null) columns.set(name, column)
    }
    for (const needed of ['at', 'members']) {
      if (!columns.has(needed)) throw invalid(`the file has no column ${needed}`)
    }
    const known = new Set(['id', 'arity', 'seq', ...columnNames])
    const properties = new Map(
      schema.properties.map(({ name }) => [propertyColumnName(schema.name, name), name]),
    )
    const unknown = [...columns.keys()].find((name) => !known.has(name) && !properties.has(name))
    if (unknown !== undefined) {
      throw new EngineError('not_found', `${schema.name} has no property ${unknown}`)
    }
    this.#columns = columns
    this.#properties = [...properties].flatMap(([column, name]) => {
      const vector = columns.get(column)
      return vector === undefined ? [] : [{ name, column: vector }]
    })
  }

  row(row: number): HyperedgeInput {
    const until = this.#value('until', row)
    const weight = this.#value('weight', row)
    const roles = this.#value('roles', row)
    const props = this.#properties.map(({ name, column }) => [
      name,
      exactValue(this.#arrow, column, row),
    ])
    const input = {
      at: this.#value('at', row),
      members: this.#members(row),
      label: this.#value('label', row),
      key: this.#value('key', row),
      ...(until === null || until === microsNever ? {} : { until }),
      ...(weight === null ? {} : { weight }),
      ...(isIterable(roles) ? { roles: [...roles] } : {}),
      ...(props.length === 0 ? {} : { props: Object.fromEntries(props) }),
    }
    // The encoder checks each field.
    return input as unknown as HyperedgeInput
  }

  #members(row: number): NodeId[] {
    const members = this.#value('members', row)
    const integers = this.#value('membersInteger', row)
    if (!isIterable(members)) throw invalid('members is no column of lists')
    const flags = isIterable(integers) ? [...integers] : []
    return [...members].map((node, place) =>
      // The encoder checks it.
      flags[place] === true && typeof node === 'string' ? BigInt(node) : (node as NodeId),
    )
  }

  #value(name: string, row: number): unknown {
    const column = this.#columns.get(name)
    return column === undefined ? null : exactValue(this.#arrow, column, row)
  }
}

const microsPerUnit = [1_000_000n, 1000n, 1n, 0n]

/** A value, timestamps and dates as bigints of microseconds. */
function exactValue(arrow: Arrow, column: Vector, row: number): unknown {
  if (!column.isValid(row)) return null
  // Arrow gives milliseconds for days as well as for milliseconds.
  if (arrow.DataType.isDate(column.type)) return BigInt(column.get(row)) * 1000n
  const [data] = column.data
  const values: unknown = data?.values
  const { unit } = column.type as { readonly unit?: unknown }
  const isTimestamp = values instanceof BigInt64Array && typeof unit === 'number'
  if (!isTimestamp) return column.get(row)
  const value = values[row] ?? 0n
  const factor = microsPerUnit[unit] ?? 0n
  return factor === 0n ? floorDivide(value, 1000n) : value * factor
}

/** Down before 1970 too, so that instants keep their order. */
function floorDivide(value: bigint, divisor: bigint): bigint {
  const rest = ((value % divisor) + divisor) % divisor
  return (value - rest) / divisor
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value
}
