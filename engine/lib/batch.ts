import { ByteWriter } from './byte-writer.ts'
import { EngineError, invalid, quote } from './errors.ts'
import { type HyperedgeColumns, writeColumnRows } from './hyperedge-columns.ts'
import {
  fields,
  fieldsOf,
  type HyperedgeChange,
  type HyperedgeInput,
  type RowsContext,
  writeChangeRows,
  writeInsertRows,
} from './hyperedges.ts'
import type { TimeUnit } from './instants.ts'
import { assertNodeId, type NodeId, writeNodes } from './node-ids.ts'
import { type PropertyValues, presence, writePropertyRows } from './property-values.ts'
import { type PropertyType, propertyTypeCode, type TableLayout } from './schema.ts'
import { assertEdgeId } from './selection.ts'

const magic = 0x3142_4748

/** The operation kinds of the wire. */
const kinds = {
  insert: 1,
  update: 2,
  delete: 3,
  setNodes: 4,
  dropNodes: 5,
  createTable: 6,
  dropTable: 7,
  addProperties: 8,
  createIndex: 9,
  dropIndex: 10,
  setOptions: 11,
} as const

type Write = (writer: ByteWriter) => void

/** A column of an index on the wire. */
export interface IndexColumn {
  readonly kind: number
  readonly property: number
}

/** What `createTable` and `setOptions` share, in microseconds. */
export interface TableLimits {
  readonly ttl: bigint
  readonly history: bigint
  readonly arityMax: number
}

/**
 * The operations of one commit. An operation that fails to encode leaves no trace in it.
 */
export class Batch {
  readonly #writer: ByteWriter
  #operations = 0
  #isAdding = false

  /** Takes over the writer, until `bytes` has been read. */
  constructor(writer: ByteWriter = new ByteWriter()) {
    this.#writer = writer
    writer.reset()
    writer.u32(magic)
    writer.u32(0)
    writer.int(0)
  }

  get operationCount(): number {
    return this.#operations
  }

  /** The bytes as of now. With `baseSeq`, changing a record that is newer is a conflict. */
  bytes(baseSeq?: number): Uint8Array {
    this.#writer.patchU32(4, this.#operations)
    this.#writer.patchInt(8, baseSeq === undefined ? 0 : baseSeq + 1)
    return this.#writer.bytes()
  }

  insert(rows: readonly HyperedgeInput[], context: RowsContext): void {
    this.#add((writer) => {
      writer.u8(kinds.insert)
      writer.u32(context.layout.id)
      writeInsertRows(writer, rows, context)
    })
  }

  /** Returns how many rows. */
  insertColumns(columns: HyperedgeColumns, context: RowsContext): number {
    let rowCount = 0
    this.#add((writer) => {
      writer.u8(kinds.insert)
      writer.u32(context.layout.id)
      rowCount = writeColumnRows(writer, columns, context)
    })
    return rowCount
  }

  /**
   * One change for each id, those of one id in their order; of others those that give the same fields
   * go as one operation.
   */
  update(ids: readonly number[], changes: readonly HyperedgeChange[], context: RowsContext): void {
    const groups: { readonly ids: number[]; readonly changes: HyperedgeChange[] }[] = []
    const byFields = new Map<number, (typeof groups)[number]>()
    const maskOfId = new Map<number, number>()
    for (let place = 0; place < ids.length; place++) {
      const id = ids[place]
      const change = changes[place]
      assertEdgeId(id)
      if (change === undefined) throw new EngineError('internal', 'fewer changes than ids')
      const mask = fieldsOf(change)
      if (mask === 0) throw invalid('a change must give at least one field')
      if (mask & fields.key)
        throw invalid('a change must not give a key: a hyperedge keeps its own')
      // A later change of other fields must not come before an earlier one.
      if ((maskOfId.get(id) ?? mask) !== mask) {
        byFields.clear()
        maskOfId.clear()
      }
      maskOfId.set(id, mask)
      // Which properties are given is told row by row.
      let group = byFields.get(mask)
      if (group === undefined) {
        group = { ids: [], changes: [] }
        byFields.set(mask, group)
        groups.push(group)
      }
      group.ids.push(id)
      group.changes.push(change)
    }
    this.#add((writer) => {
      for (const group of groups) {
        writer.u8(kinds.update)
        writer.u32(context.layout.id)
        writeIds(writer, group.ids)
        writeChangeRows(writer, group.changes, context)
      }
    }, groups.length)
  }

  delete(ids: readonly number[], layout: TableLayout): void {
    for (const id of ids) assertEdgeId(id)
    this.#add((writer) => {
      writer.u8(kinds.delete)
      writer.u32(layout.id)
      writeIds(writer, ids)
    })
  }

  setNodes(
    entries: readonly (readonly [NodeId, PropertyValues])[],
    context: { readonly layout: TableLayout; readonly timeUnit: TimeUnit },
  ): void {
    const nodes = entries.map((entry) => {
      if (!Array.isArray(entry))
        throw invalid(`an entry must be [node, props], not ${quote(entry)}`)
      const node: unknown = entry[0]
      assertNodeId(node)
      return node
    })
    this.#add((writer) => {
      writer.u8(kinds.setNodes)
      writer.u32(nodes.length)
      writeNodes(writer, nodes)
      const rows = entries.map(([, props]) => props)
      writePropertyRows(writer, rows, { ...context, missing: presence.unchanged })
    })
  }

  dropNodes(nodes: readonly NodeId[]): void {
    for (const node of nodes) assertNodeId(node)
    this.#add((writer) => {
      writer.u8(kinds.dropNodes)
      writer.u32(nodes.length)
      writeNodes(writer, nodes)
    })
  }

  createTable(table: {
    readonly name: string
    readonly properties: readonly (readonly [string, PropertyType])[]
    readonly indexes: readonly (readonly [string, readonly IndexColumn[]])[]
    readonly limits: TableLimits
  }): void {
    this.#add((writer) => {
      writer.u8(kinds.createTable)
      writer.text(table.name)
      writeProperties(writer, table.properties)
      writer.u16(table.indexes.length)
      for (const [name, columns] of table.indexes) writeIndex(writer, name, columns)
      writeLimits(writer, table.limits)
    })
  }

  dropTable(layout: TableLayout): void {
    this.#add((writer) => {
      writer.u8(kinds.dropTable)
      writer.u32(layout.id)
    })
  }

  addProperties(
    layout: TableLayout,
    properties: readonly (readonly [string, PropertyType])[],
  ): void {
    this.#add((writer) => {
      writer.u8(kinds.addProperties)
      writer.u32(layout.id)
      writeProperties(writer, properties)
    })
  }

  createIndex(layout: TableLayout, name: string, columns: readonly IndexColumn[]): void {
    this.#add((writer) => {
      writer.u8(kinds.createIndex)
      writer.u32(layout.id)
      writeIndex(writer, name, columns)
    })
  }

  dropIndex(layout: TableLayout, name: string): void {
    this.#add((writer) => {
      writer.u8(kinds.dropIndex)
      writer.u32(layout.id)
      writer.text(name)
    })
  }

  setOptions(layout: TableLayout, limits: TableLimits): void {
    this.#add((writer) => {
      writer.u8(kinds.setOptions)
      writer.u32(layout.id)
      writeLimits(writer, limits)
    })
  }

  /** All of the `count` operations that `write` writes, or none. */
  #add(write: Write, count = 1): void {
    if (this.#isAdding) throw invalid('a getter of what is written must not write as well')
    const writer = this.#writer
    const before = writer.length
    this.#isAdding = true
    try {
      write(writer)
      this.#operations += count
    } catch (error) {
      writer.truncate(before)
      throw error
    } finally {
      this.#isAdding = false
    }
  }
}

function writeIds(writer: ByteWriter, ids: readonly number[]): void {
  writer.u32(ids.length)
  writer.align8()
  for (const id of ids) writer.int(id)
}

function writeProperties(
  writer: ByteWriter,
  properties: readonly (readonly [string, PropertyType])[],
): void {
  if (properties.length > 0xffff)
    throw invalid(`${quote(properties.length)} properties are too many`)
  writer.u16(properties.length)
  for (const [name, type] of properties) {
    writer.text(name)
    writer.u8(propertyTypeCode(type, name))
  }
}

function writeIndex(writer: ByteWriter, name: string, columns: readonly IndexColumn[]): void {
  writer.text(name)
  writer.u8(columns.length)
  for (const { kind, property } of columns) {
    writer.u8(kind)
    writer.u16(property)
  }
}

function writeLimits(writer: ByteWriter, { ttl, history, arityMax }: TableLimits): void {
  writer.i64(ttl)
  writer.i64(history)
  writer.u32(arityMax)
}
