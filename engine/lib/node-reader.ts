import type { ColumnBatch } from './column-batch.ts'
import { assertFields } from './known-names.ts'
import { assertNodeId, type NodeId } from './node-ids.ts'
import { toPage } from './paging.ts'
import { type NodesPlan, writeNodesPlan } from './plans.ts'
import type { PropertyValue } from './property-values.ts'
import type { AsyncReadOptions, ReadOptions } from './read-options.ts'
import type { ReadView } from './read-view.ts'
import { columnLabelsOf } from './result-names.ts'
import { nodeTableName, type TableSchema } from './schema.ts'

/** A node with its properties. */
export interface NodeRow {
  readonly node: NodeId
  /** Absent when no node property is declared. */
  readonly props?: Record<string, PropertyValue>
}

export interface FindNodesOptions extends NodesPlan, AsyncReadOptions {}

/** The properties of nodes as a reader sees them. */
export class NodeReader {
  readonly #view: ReadView

  /** @internal */
  constructor(view: ReadView) {
    this.#view = view
  }

  /** What properties nodes have, and which indexes over them. */
  get schema(): TableSchema {
    this.#view.assertReadable()
    return this.#view.layout(nodeTableName).schema
  }

  /** The properties of a node, on this thread; undefined when it has none. */
  get(node: NodeId, options: ReadOptions = {}): Record<string, PropertyValue> | undefined {
    assertNodeId(node)
    assertFields(options, 'a read of one')
    const { session } = this.#view
    const batch = this.#view.at(options.asOf, (point) =>
      session.withWriter((writer) => {
        const layout = point.layout(nodeTableName)
        writeNodesPlan(writer, { nodes: [node] }, { layout, timeUnit: session.timeUnit })
        return session.querySync<NodeRow>(writer, point.snapshot, columnLabelsOf(layout))
      }),
    )
    return batch.first()?.props
  }

  /**
   * Nodes that have properties.
   *
   * @example await db.nodes.find({ where: { column: 'age', gte: 18 } })
   */
  async find(options: FindNodesOptions = {}): Promise<ColumnBatch<NodeRow>> {
    assertFields(options, 'a find of nodes')
    const { session } = this.#view
    const batch = await this.#view.atAsync(options.asOf, (point) =>
      session.withWriter((writer) => {
        const layout = point.layout(nodeTableName)
        writeNodesPlan(writer, options, { layout, timeUnit: session.timeUnit })
        const labels = columnLabelsOf(layout)
        const call = { snapshot: point.snapshot, labels, signal: options.signal }
        return session.query<NodeRow>(writer.bytes(), call)
      }),
    )
    return toPage(batch, options)
  }
}
