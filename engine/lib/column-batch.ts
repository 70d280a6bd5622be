import type { Table } from 'apache-arrow'
import type { ArrowSource, UniformNodes } from './arrow-table.ts'
import { type CellSource, microsToNumbers, toCells } from './column-cells.ts'
import { columnKinds } from './columns.ts'
import { EngineError, quote } from './errors.ts'
import { type JsonSink, type WriteJsonRows, writeJsonRows } from './json-rows.ts'
import type { NodeKeyColumn } from './node-keys.ts'
import {
  type ColumnValues,
  type ResultBuffer,
  type ResultColumn,
  type Truncation,
  valueTypes,
} from './result-buffer.ts'
import type { ColumnLabel, LabelColumn } from './result-names.ts'
import { buildRows, type Cells } from './row-builder.ts'

/** A column of a result with its name and meaning. */
export interface NamedColumn extends ResultColumn, ColumnLabel {}

/** What a result is read with, as values and as JSON. */
export interface BatchSource extends CellSource {
  readonly writeJsonRows: WriteJsonRows
}

/**
 * A result: one buffer, and arrays over it. `rows()` makes objects, `toArrow()` an Arrow table,
 * everything else is a view or worked out when it is first asked for. The arrays share the buffer:
 * to write into one or to transfer it changes the result.
 */
export class ColumnBatch<Row = Record<string, unknown>> {
  readonly rowCount: number
  readonly #result: ResultBuffer
  readonly #source: BatchSource
  readonly #labelColumn: LabelColumn
  /** By place; each made when first asked for: a short read often wants one array. */
  #values: ColumnValues[] | undefined
  #named: NamedColumn[] | undefined
  #cells: ArrayLike<unknown>[] | undefined
  #lastPlace = 0

  /** @internal */
  constructor(result: ResultBuffer, source: BatchSource, labelColumn: LabelColumn) {
    this.#result = result
    this.#source = source
    this.rowCount = result.rowCount
    this.#labelColumn = labelColumn
  }

  /** The result as the core made it; that of a short one may be longer than what is in it. */
  get buffer(): ArrayBuffer {
    return this.#result.buffer
  }

  /** What ended the result early; null when it is whole. */
  get truncated(): Truncation | null {
    return this.#result.truncated
  }

  /**
   * Where the next page starts, for the option `cursor`; null when there is no more. It stays good
   * when the database is opened again, but for this query only.
   */
  get cursor(): string | null {
    return this.#result.cursor
  }

  /** Whether this page shows a later state than the first one; only where `onSnapshotLost` allows it. */
  get snapshotLost(): boolean {
    return this.#result.snapshotLost
  }

  /** The commit that this result shows. */
  get snapshotSeq(): number {
    return this.#result.snapshotSeq
  }

  /** How many rows were read for it. */
  get rowsExamined(): number {
    return this.#result.rowsExamined
  }

  /** How long the core worked on it. */
  get runningMs(): number {
    return this.#result.runningMs
  }

  /** A property that has the name of a fixed column is called `props.<name>` here. */
  get columnNames(): string[] {
    return this.#columns.map((column) => column.columnName)
  }

  /** The arrays of a column in Arrow's layout. @throws EngineError `not_found` */
  column(name: string): ResultColumn {
    return this.#column(this.#placeOf(name))
  }

  /**
   * A column's values as rows have them, one a row: instants in the database's `timeUnit`, texts for
   * labels, null for what is absent. Of `members` and `roles` one value a member.
   */
  values(name: string): ArrayLike<unknown> {
    return this.#cellsAt(this.#placeOf(name))
  }

  get ids(): Float64Array {
    return this.#typed('id', Float64Array, columnKinds.id)
  }

  /** `at` in microseconds. */
  get eventTs(): BigInt64Array {
    return this.#typed('at', BigInt64Array, columnKinds.at)
  }

  /** `at` in milliseconds. */
  get eventTsMs(): Float64Array {
    return microsToNumbers(this.eventTs, 'ms')
  }

  /** `until` in microseconds; 2^63 − 1: never. */
  get validTo(): BigInt64Array {
    return this.#typed('until', BigInt64Array)
  }

  get weights(): Float64Array {
    return this.#typed('weight', Float64Array, columnKinds.weight)
  }

  get labels(): readonly (string | null)[] {
    // Labels are symbols, whose cells are these.
    return this.values('label') as readonly (string | null)[]
  }

  get keys(): readonly (string | null)[] {
    // Keys are texts, whose cells are these.
    return this.values('key') as readonly (string | null)[]
  }

  /** Row i has the members from `memberOffsets[i]` up to `memberOffsets[i + 1]`. */
  get memberOffsets(): Uint32Array {
    return this.#column(this.#placeOf('members')).offsets ?? new Uint32Array(1)
  }

  /** The members as the database numbers them: small integers, the same through its whole life. */
  get memberNumbers(): Uint32Array {
    return this.#typed('members', Uint32Array)
  }

  /** The members' keys. */
  get members(): NodeKeyColumn {
    // Nodes have these cells.
    return this.#cellsAt(this.#placeOf('members', columnKinds.members)) as NodeKeyColumn
  }

  /** The role of each member, null for none; offsets are those of the members. */
  get roles(): readonly (string | null)[] {
    // Roles are symbols, whose cells are these.
    return this.values('roles') as readonly (string | null)[]
  }

  /** The commit order of each row's version. */
  get seqs(): Float64Array {
    return this.#typed('seq', Float64Array)
  }

  /** One object a row. Build it from pages where a result is large. */
  rows(): Row[] {
    const cells = this.#columns.map((column, place): Cells => {
      const { name, isProperty, type, offsets } = column
      const values = this.#cellsAt(place)
      if (type !== valueTypes.list || offsets === undefined) return { name, isProperty, values }
      if (name === 'roles' && !hasAny(column.values)) {
        return { name, isProperty, values: new Array<null>(this.rowCount).fill(null) }
      }
      return { name, isProperty, values, offsets, isNullable: name === 'roles' }
    })
    // Made of the columns that the plan asked for, which `Row` describes.
    return buildRows(cells, this.rowCount) as Row[]
  }

  /** The first row, or undefined. */
  first(): Row | undefined {
    return this.rows()[0]
  }

  /**
   * Writes the first `rows` rows as JSON objects, with a comma or a line's end between any two, without making
   * values of them. Instants are ISO 8601, integers that no number holds `{"int": "<digits>"}`, and -0 keeps
   * its sign.
   */
  writeJson(sink: JsonSink, between: ',' | '\n' = ',', rows = this.rowCount): void {
    const [result, labels] = [this.#result, this.#labelColumn]
    writeJsonRows(sink, this.#source, { result, labels, rows, between: between === ',' ? 44 : 10 })
  }

  /** @internal The same for one of several tables that are to have one schema. */
  async toUniformArrow(nodes: UniformNodes): Promise<Table> {
    const { toArrowTable } = await import('./arrow-table.ts')
    const { rowCount } = this
    return await toArrowTable({ rowCount, nodes }, this.#columns, this.#arrowSource)
  }

  /**
   * An Arrow table over the same buffers where the types allow. Needs the package `apache-arrow`.
   * Nodes are UInt64 when all are integers, else a dictionary of strings, with a list `membersInteger`
   * of who is an integer where both occur.
   */
  async toArrow(): Promise<Table> {
    const { toArrowTable } = await import('./arrow-table.ts')
    return await toArrowTable(this, this.#columns, this.#arrowSource)
  }

  /** An Arrow IPC stream. Needs the package `apache-arrow`. */
  async toIPC(): Promise<Uint8Array> {
    const { toArrowIpc } = await import('./arrow-table.ts')
    return await toArrowIpc(await this.toArrow())
  }

  get #arrowSource(): ArrowSource {
    return { symbols: this.#source.symbols, cellsAt: (place) => this.#cellsAt(place) }
  }

  get #columns(): readonly NamedColumn[] {
    for (let place = 0; place < this.#result.columnCount; place++) this.#column(place)
    return this.#named ?? []
  }

  /**
   * Looks at names alone, so that only what is asked for is made. `kind`: of what every hyperedge has
   * under that name; nothing else is called so where it is.
   */
  #placeOf(name: string, kind?: number): number {
    const result = this.#result
    const known = kind === undefined ? -1 : result.placeOfKind(kind)
    if (known >= 0) return known
    const { columnCount } = result
    // Mostly the one asked for last, or the one after it.
    for (let step = 0, place = this.#lastPlace; step < columnCount; step++, place++) {
      if (place >= columnCount) place = 0
      const label = this.#labelColumn(result.kindOf(place), result.propertyOf(place))
      if (label.columnName !== name) continue
      this.#lastPlace = place
      return place
    }
    const names = this.columnNames.join(', ')
    throw new EngineError('not_found', `the result has no column ${quote(name)}; it has ${names}`)
  }

  #column(place: number): NamedColumn {
    const result = this.#result
    this.#named ??= new Array(result.columnCount)
    const named = this.#named
    const known = named[place]
    if (known !== undefined) return known
    const kind = result.kindOf(place)
    const property = result.propertyOf(place)
    const { name, columnName, meaning, isProperty } = this.#labelColumn(kind, property)
    const column: NamedColumn = {
      type: result.typeOf(place),
      kind,
      property,
      values: this.#valuesAt(place),
      offsets: result.offsetsOf(place),
      validity: result.validityOf(place),
      name,
      columnName,
      meaning,
      isProperty,
    }
    named[place] = column
    return column
  }

  #valuesAt(place: number): ColumnValues {
    // Of the right length at once: one that grows begins with room for sixteen.
    this.#values ??= new Array(this.#result.columnCount)
    const made = this.#values
    let values = made[place]
    if (values === undefined) {
      values = this.#result.valuesOf(place)
      made[place] = values
    }
    return values
  }

  #cellsAt(place: number): ArrayLike<unknown> {
    this.#cells ??= new Array(this.#result.columnCount)
    const made = this.#cells
    let cells = made[place]
    if (cells === undefined) {
      cells = this.#result.nodeKeysOf(place) ?? this.#cellsOf(this.#column(place))
      made[place] = cells
    }
    return cells
  }

  #cellsOf(column: NamedColumn): ArrayLike<unknown> {
    return toCells(column, column.meaning, this.#source)
  }

  #typed<Values>(name: string, type: new (...args: never[]) => Values, kind?: number): Values {
    const values = this.#valuesAt(this.#placeOf(name, kind))
    if (values instanceof type) return values
    throw new EngineError('internal', `column ${name} is not a ${type.name}`)
  }
}

function hasAny(values: ResultColumn['values']): boolean {
  for (let at = 0; at < values.length; at++) if (values[at]) return true
  return false
}
